"""Requests to one web server, over a connection that is kept as long as it works."""

import time
from http.client import HTTPConnection, HTTPResponse

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.http.answers import READ, HttpAnswer
from edge_agent.deliver.web.address import HttpAddress
from edge_agent.deliver.web.bounded_socket import BoundedSocket
from edge_agent.deliver.web.dial import dial
from edge_agent.deliver.web.failures import CLOSED, UNREADABLE, explain
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError, SinkUnavailable

ANSWER_SECONDS = 30.0
BODY_SECONDS = 2.0  # for the rest of an answer, once its status is known
IDLE_SECONDS = 50.0  # beyond it, a router may have forgotten a connection without a word


class Unanswered(SinkUnavailable):
    """The server was asked, and has not answered."""


class HttpClient:
    """Asks the server at `address`; every wait is bounded by `patience`."""

    def __init__(self, address: HttpAddress, tls: TlsFiles, patience: Patience) -> None:
        self._address = address
        self._tls = tls
        self._patience = patience
        self._socket: BoundedSocket | None = None
        self._used_at = 0.0

    def request(self, method: str, headers: dict[str, str], body: bytes = b"") -> HttpAnswer:
        """Return the answer; raise SinkUnavailable with the reason if there is none.

        If the server has closed the kept connection meanwhile, a new one is tried at once.
        """
        try:
            return self._ask_again_if_closed(method, headers, body)
        except AgentError as error:
            self.close()
            raise SinkUnavailable(error.what, error.remedy) from error
        except UNREADABLE as error:
            kind = Unanswered if self._socket else SinkUnavailable
            self.close()
            what, remedy = explain(error)
            raise kind(f"{self._address}: {what}", remedy) from error

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._socket is not None:
            self._socket.end()
        self._socket = None

    def _ask_again_if_closed(self, method: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        if self._keeps():
            try:
                return self._ask(method, headers, body)
            except CLOSED:
                self.close()
        self._connect()
        return self._ask(method, headers, body)

    def _keeps(self) -> bool:
        """Return whether the connection can be used; close one that cannot."""
        idle = time.monotonic() - self._used_at
        if self._socket is not None and (idle > IDLE_SECONDS or not self._socket.is_quiet()):
            self.close()
        return self._socket is not None

    def _connect(self) -> None:
        sock = dial(self._address, self._tls, self._patience)
        self._socket = BoundedSocket(sock, self._patience)

    def _ask(self, method: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        connection = HTTPConnection(self._address.host)
        connection.auto_open = 0
        connection.sock = self._socket
        self._patience.begin(ANSWER_SECONDS, "no answer")
        try:
            connection.request(method, self._address.target, body, self._complete(headers))
        except CLOSED:
            return self._last_words(connection)
        return self._answer(connection.getresponse())

    def _complete(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Host": self._address.authority, "User-Agent": "edge-agent", **headers}

    def _last_words(self, connection: HTTPConnection) -> HttpAnswer:
        """Return why the server does not read on: some answer 413 and close."""
        answer = self._answer(connection.getresponse())
        self.close()
        return answer

    def _answer(self, response: HTTPResponse) -> HttpAnswer:
        """Return the answer with the start of its body; the status counts, whatever the body is."""
        headers = {name.lower(): str(value) for name, value in response.getheaders()}
        self._patience.begin(BODY_SECONDS, "no end of the answer")
        try:
            text = response.read(READ).decode(errors="replace")
        except UNREADABLE:
            text = ""
            self.close()
        if not response.isclosed() or response.will_close:
            self.close()
        response.close()
        self._used_at = time.monotonic()
        return HttpAnswer(response.status, headers, text)
