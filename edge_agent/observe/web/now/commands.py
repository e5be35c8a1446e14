"""Commands of the page: the same as over MQTT, with the same list of those that are allowed."""

import secrets
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias

import msgspec

from edge_agent.errors import AgentError
from edge_agent.events import PAGE, Answer, Request
from edge_agent.observe.web.route import BadRequest, Query

MOST = 50  # commands that wait for their end
NOT_A_COMMAND = 'send an object such as {"command": "set", "output": "fan", "value": "on"}'

Result: TypeAlias = dict[str, Any]


class PageCommands:
    """Sends commands to the engine, and its answers to those who wait; the web thread owns it."""

    def __init__(self, send: Callable[[Request], None]) -> None:
        self._send = send
        self._waiting: dict[bytes, Future[Result]] = {}

    def begin(self, query: Query) -> Future[Result]:
        """Send a command; return what its last answer becomes the result of.

        Raise BadRequest for what is no command, AgentError if many wait.
        """
        body = query.body
        if not isinstance(body, dict) or not isinstance(body.get("command"), str):
            raise BadRequest(NOT_A_COMMAND)
        self._forget_given_up()
        if len(self._waiting) >= MOST:
            raise AgentError(f"{MOST} commands have not ended yet", "try again later")
        arguments = {name: value for name, value in body.items() if name != "command"}
        correlation = secrets.token_bytes(12)
        self._waiting[correlation] = Future()
        self._send(Request(body["command"], msgspec.json.encode(arguments), PAGE, correlation))
        return self._waiting[correlation]

    def take(self, answer: Answer) -> None:
        """Pass an answer on, unless another one will follow."""
        result: Result = msgspec.json.decode(answer.payload)
        if result.get("state") != "accepted":
            waiting = self._waiting.pop(answer.correlation, None)
            if waiting is not None and waiting.set_running_or_notify_cancel():
                waiting.set_result(result)

    def _forget_given_up(self) -> None:
        self._waiting = {key: one for key, one in self._waiting.items() if not one.cancelled()}
