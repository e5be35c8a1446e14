"""What a schema registry knows: Confluent's interface, which Apicurio and others have as well."""

from http import HTTPStatus
from typing import Annotated, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Meta

from edge_agent.deliver.encoding.registry_http import RegistryRequests, RegistryResponse
from edge_agent.errors import SinkUnavailable

NO_SUCH = {40401, 40402, 40403, 40408}  # subject, version, schema, level of a subject
LOGIN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
REFUSAL = {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
TAKES_ALL = "NONE"  # the level at which a registry compares nothing

Reply = TypeVar("Reply", bound=msgspec.Struct)


class RegistryError(msgspec.Struct):
    """An answer that is not a success."""

    error_code: int = 0
    message: str = ""


class RegisteredSchema(msgspec.Struct):
    """The id that a schema has in the whole registry."""

    id: Annotated[int, Meta(ge=0, lt=2**32)]


class SchemaText(msgspec.Struct):
    """A schema as the registry has it: a text of JSON."""

    schema: str


class Comparison(msgspec.Struct):
    """Whether a schema is compatible; `messages` is Confluent's word, `reason` Apicurio's."""

    is_compatible: bool
    messages: list[str] | None = None
    reason: str | None = None


class CompatibilityLevel(msgspec.Struct):
    """What the registry asks of a new schema."""

    level: str = msgspec.field(name="compatibilityLevel")


class SchemaRefused(NamedTuple):
    """The registry does not take a schema; it says why."""

    why: str


class Registry:
    """One registry.

    Every method raises SinkUnavailable if the registry cannot be reached, refuses the login, or
    does not answer as a registry does.
    """

    def __init__(self, requests: RegistryRequests) -> None:
        self._requests = requests

    def find(self, subject: str, schema: str) -> int | None:
        """Return the id of a schema; None if the subject does not have it."""
        request = ("POST", f"/subjects/{_quoted(subject)}")
        response = self._requests.send(*request, {"schema": schema})
        if self._missing(response):
            return None
        return self._reply(response, RegisteredSchema, *request).id

    def schema(self, id_: int) -> str | None:
        """Return the schema that has an id; None if none has it."""
        path = f"/schemas/ids/{id_}"
        response = self._requests.send("GET", path)
        if self._missing(response):
            return None
        return self._reply(response, SchemaText, "GET", path).schema

    def compare(self, subject: str, schema: str) -> SchemaRefused | None:
        """Return why a schema is incompatible with the subject's newest one, if it is."""
        path = f"/compatibility/subjects/{_quoted(subject)}/versions/latest?verbose=true"
        response = self._requests.send("POST", path, {"schema": schema})
        if self._missing(response):
            return None
        if response.status in REFUSAL:
            return self._refused(response)
        found = self._reply(response, Comparison, "POST", path)
        why = "; ".join(found.messages or ()) or found.reason or "it does not say why"
        return None if found.is_compatible else SchemaRefused(why)

    def register(self, subject: str, schema: str) -> int | SchemaRefused:
        """Return the id of a schema, which is registered if it is not yet."""
        request = ("POST", f"/subjects/{_quoted(subject)}/versions")
        response = self._requests.send(*request, {"schema": schema})
        if response.status in REFUSAL:
            return self._refused(response)
        return self._reply(response, RegisteredSchema, *request).id

    def require_compatibility(self, subject: str) -> None:
        """Set the subject's level to BACKWARD if none is in force: nothing would be compared."""
        if (self._level(subject) or self._level()) == TAKES_ALL:
            path = f"/config/{_quoted(subject)}"
            response = self._requests.send("PUT", path, {"compatibility": "BACKWARD"})
            self._reply(response, RegistryError, "PUT", path)

    def _level(self, subject: str = "") -> str:
        """Return the level of a subject, empty if it has none, or of the whole registry."""
        path = f"/config/{_quoted(subject)}" if subject else "/config"
        response = self._requests.send("GET", path)
        if subject and self._missing(response):
            return ""
        return self._reply(response, CompatibilityLevel, "GET", path).level

    def _missing(self, response: RegistryResponse) -> bool:
        return (
            response.status == HTTPStatus.NOT_FOUND
            and self._decoded(response, RegistryError).error_code in NO_SUCH
        )

    def _refused(self, response: RegistryResponse) -> SchemaRefused:
        return SchemaRefused(self._decoded(response, RegistryError).message)

    def _reply(
        self, response: RegistryResponse, expected: type[Reply], method: str, path: str
    ) -> Reply:
        """Return a success, decoded; raise SinkUnavailable for anything else."""
        if response.status == HTTPStatus.OK:
            return self._decoded(response, expected)
        if response.status in LOGIN:
            what = f"{self._requests} refuses {method} {path} (HTTP {response.status})"
            raise SinkUnavailable(what, "check registry_username, its password and its rights")
        message = self._decoded(response, RegistryError).message
        what = f"{self._requests} answers {method} {path} with HTTP {response.status}: {message}"
        raise SinkUnavailable(what, "check its log, and that the URL has the right path")

    def _decoded(self, response: RegistryResponse, expected: type[Reply]) -> Reply:
        try:
            return msgspec.json.decode(response.body, type=expected)
        except msgspec.MsgspecError:
            what = f"{self._requests} does not answer as a registry (HTTP {response.status})"
            raise SinkUnavailable(what, "check the URL and its path") from None


def _quoted(subject: str) -> str:
    return quote(subject, safe="")
