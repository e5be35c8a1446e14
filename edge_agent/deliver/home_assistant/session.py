"""A conversation with Home Assistant: log in, ask, get the answer."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

import msgspec

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.home_assistant.address import parse_url
from edge_agent.deliver.home_assistant.options import ImportOptions
from edge_agent.deliver.home_assistant.websocket import WebSocket
from edge_agent.deliver.web.address import HttpAddress
from edge_agent.deliver.web.bounded_socket import BoundedSocket
from edge_agent.deliver.web.dial import dial
from edge_agent.deliver.web.failures import UNREADABLE, explain
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError, SinkUnavailable

ANSWER_SECONDS = 60.0  # a database on an SD card takes its time
LOGIN_REMEDY = (
    "create a long-lived access token on the profile page of an administrator, and put it into"
    " token_file"
)
REMEDIES = {
    "unauthorized": "the user of the token is no administrator; " + LOGIN_REMEDY,
    "unknown_command": "it is older than 2022.11, or has no recorder: add `recorder:` to its"
    " configuration.yaml",
}

Result = TypeVar("Result")


class CommandRefusal(msgspec.Struct):
    """Why Home Assistant does not carry a command out."""

    code: str = ""
    message: str = ""


class HomeAssistantAnswer(msgspec.Struct):
    """Any message of Home Assistant's WebSocket, as far as it matters here."""

    type: str
    id: int = 0
    success: bool = False
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: CommandRefusal = msgspec.field(default_factory=CommandRefusal)
    ha_version: str = ""


class HomeAssistantSession:
    """A connection on which a token was accepted; `with` closes it.

    Every method raises SinkUnavailable, with what to do.
    """

    def __init__(self, address: HttpAddress, tls: TlsFiles, patience: Patience) -> None:
        self._address = address
        self._tls = tls
        self._patience = patience
        self._socket: WebSocket | None = None
        self._last_id = 0
        self.version = ""

    def open(self, token: str) -> None:
        """Connect, and log in."""
        try:
            self._open(token)
        except AgentError as error:
            self.close()
            raise SinkUnavailable(error.what, error.remedy) from error
        except UNREADABLE as error:
            self.close()
            raise self._unreachable(error) from error

    def ask(self, command: str, kind: type[Result], **fields: Any) -> Result:  # noqa: ANN401
        """Return the result of a command, as a type."""
        self._last_id += 1
        try:
            self._send({"id": self._last_id, "type": command, **fields})
            self._patience.begin(ANSWER_SECONDS, f"no answer to {command}")
            while (answer := self._receive()).id != self._last_id:
                pass
            if not answer.success:
                raise self._refused(command, answer.error)
            return msgspec.json.decode(answer.result, type=kind)
        except UNREADABLE as error:
            raise self._unreachable(error) from error

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, token: str) -> None:
        connected = BoundedSocket(dial(self._address, self._tls, self._patience), self._patience)
        self._socket = WebSocket(connected, self._address)
        self._patience.begin(ANSWER_SECONDS, "no answer to the login")
        self._socket.open()
        self.version = self._receive().ha_version
        self._send({"type": "auth", "access_token": token})
        if self._receive().type != "auth_ok":
            raise SinkUnavailable(f"{self._address}: the token is refused", LOGIN_REMEDY)

    def _send(self, message: dict[str, Any]) -> None:
        self._connected.send(msgspec.json.encode(message).decode())

    def _receive(self) -> HomeAssistantAnswer:
        return msgspec.json.decode(self._connected.receive(), type=HomeAssistantAnswer)

    @property
    def _connected(self) -> WebSocket:
        if self._socket is None:
            raise SinkUnavailable(f"{self._address}: not connected")
        return self._socket

    def _refused(self, command: str, refusal: CommandRefusal) -> SinkUnavailable:
        what = f"{self._address}: Home Assistant {self.version} refuses {command}"
        remedy = REMEDIES.get(refusal.code, refusal.message or refusal.code)
        return SinkUnavailable(what, remedy)

    def _unreachable(self, error: Exception) -> SinkUnavailable:
        if isinstance(error, msgspec.MsgspecError):
            return SinkUnavailable(f"{self._address}: its answer is not Home Assistant's: {error}")
        what, remedy = explain(error)
        return SinkUnavailable(f"{self._address}: {what}", remedy)


def logged_in(options: ImportOptions, stopping: Callable[[], bool]) -> HomeAssistantSession:
    """Return a session; raise SinkUnavailable. The file of the token is read each time."""
    patience = Patience(lambda: None, stopping)
    session = HomeAssistantSession(parse_url(options.url), options.tls, patience)
    try:
        session.open(options.token())
    except AgentError as error:
        raise SinkUnavailable(error.what, error.remedy) from error
    return session
