"""Requests to a schema registry: JSON over HTTP, each over a connection of its own."""

import base64
import http.client
import ssl
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from edge_agent.deliver.credentials import read_password, tls_context
from edge_agent.deliver.encoding.address import RegistryAddress
from edge_agent.deliver.network_options import NetworkOptions
from edge_agent.errors import AgentError, SinkUnavailable
from edge_agent.paths import expanded

SECONDS = 2.0  # for a connection, and for an answer: a stop does not wait longer for a sink
LARGEST = 1_000_000  # bytes of an answer
JSON = "application/vnd.schemaregistry.v1+json"


class RegistryResponse(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: bytes


class RegistryRequests:
    """Sends requests with a login; its files are read at each request, so they may be replaced."""

    def __init__(self, address: RegistryAddress, login: NetworkOptions) -> None:
        self._address = address
        self._login = login

    def __str__(self) -> str:
        return f"the schema registry at {self._address}"

    def send(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> RegistryResponse:
        """Return the answer; raise SinkUnavailable if there is none."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": JSON, "Accept": f"{JSON}, application/json", **self._basic()}
        connection = self._connection()
        try:
            connection.request(method, self._address.path + path, content, headers)
            answer = connection.getresponse()
            return RegistryResponse(answer.status, answer.read(LARGEST))
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port, tls, _ = self._address
        if not tls:
            return http.client.HTTPConnection(host, port, timeout=SECONDS)
        try:
            context = tls_context(expanded(self._login.ca), "", "")
        except AgentError as error:
            raise SinkUnavailable(f"registry_{error.what}", error.remedy) from None
        return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)

    def _basic(self) -> dict[str, str]:
        """Return the header of basic authentication, if there is a user name."""
        login = self._login
        if not login.username:
            return {}
        try:
            password = read_password(login.password_file, login.password_env)
        except AgentError as error:
            raise SinkUnavailable(
                f"{self} cannot be asked, its password is not there: {error.what}", error.remedy
            ) from None
        both = base64.b64encode(f"{login.username}:{password}".encode())
        return {"Authorization": f"Basic {both.decode()}"}

    def _unreachable(self, error: OSError | http.client.HTTPException) -> SinkUnavailable:
        if isinstance(error, ssl.SSLCertVerificationError):
            what = f"{self} has a certificate that is not trusted: {error.verify_message}"
            return SinkUnavailable(what, "set registry_ca to the CA that signed it")
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return SinkUnavailable(f"{self} cannot be reached: {reason}", "start it, or check its URL")
