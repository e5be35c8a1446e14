"""Requests to a schema registry: JSON over HTTP, each over a connection of its own."""

import base64
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import NamedTuple

import msgspec

from edge_agent.deliver.credentials import TlsFiles, read_password
from edge_agent.deliver.network_options import NetworkOptions
from edge_agent.deliver.web.address import HttpAddress
from edge_agent.deliver.web.bounded_socket import BoundedSocket
from edge_agent.deliver.web.dial import dial
from edge_agent.deliver.web.failures import UNREADABLE, explain
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError, SinkUnavailable

ANSWER_SECONDS = 10.0
JSON = "application/vnd.schemaregistry.v1+json"


class RegistryResponse(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: bytes


class RegistryRequests:
    """Sends requests below the path of `address`; every wait is bounded by `patience`.

    The files of the login are read at each request, so they may be replaced.
    """

    def __init__(self, address: HttpAddress, login: NetworkOptions, patience: Patience) -> None:
        self._address = address
        self._login = login
        self._patience = patience

    def __str__(self) -> str:
        return f"the schema registry at {self._address}"

    def send(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> RegistryResponse:
        """Return the answer; raise SinkUnavailable if there is none."""
        headers = {"Host": self._address.authority, "Accept": f"{JSON}, application/json"}
        if body is not None:
            headers["Content-Type"] = JSON
        content = b"" if body is None else msgspec.json.encode(body)
        try:
            return self._ask(method, path, content, headers | self._basic())
        except AgentError as error:
            raise SinkUnavailable(f"{self}: {error.what}", error.remedy) from None
        except UNREADABLE as error:
            what, remedy = explain(error)
            if isinstance(error, ssl.SSLCertVerificationError):
                remedy = "set registry_ca to the CA that signed it"
            raise SinkUnavailable(f"{self}: {what}", remedy) from error

    def _ask(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> RegistryResponse:
        tls = TlsFiles(self._login.ca)
        sock = BoundedSocket(dial(self._address, tls, self._patience), self._patience)
        try:
            connection = HTTPConnection(self._address.host)
            connection.auto_open = 0
            connection.sock = sock
            self._patience.begin(ANSWER_SECONDS, "no answer")
            connection.request(method, self._address.target + path, content, headers)
            answer = connection.getresponse()
            return RegistryResponse(answer.status, answer.read())
        finally:
            sock.end()

    def _basic(self) -> dict[str, str]:
        """Return the header of basic authentication, if there is a user name."""
        login = self._login
        if not login.username:
            return {}
        password = read_password(login.password_file, login.password_env)
        both = base64.b64encode(f"{login.username}:{password}".encode())
        return {"Authorization": f"Basic {both.decode()}"}
