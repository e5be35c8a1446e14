"""The notification sink: alerts as messages to people, through Apprise (optional extra `notify`).

It walks the same log as every sink, behind a cursor of its own; what is no alert, or none that is
wanted, needs no sending. Sending blocks until the service answers or Apprise's timeout is over.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import msgspec

from edge_agent.errors import AgentError, EventRejected, SinkUnavailable
from edge_agent.events import SEVERITIES, LoggedEvent, Severity

SHOWN = frozenset({"firing", "resolved", "flapping"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = {"info": "info", "warning": "warning", "critical": "failure"}  # Apprise's names
UNREADABLE = (msgspec.DecodeError, UnicodeError, OverflowError, RecursionError)
REMEDY = "check its URL and the network"


class Notification(NamedTuple):
    """What a service is to show: plain text, and of what weight."""

    title: str
    body: str
    severity: str
    state: str


Send: TypeAlias = Callable[[Notification], bool]


class Notice(msgspec.Struct, frozen=True):
    """An alert's data as far as people are told of it; any true value silences or acknowledges."""

    state: str
    severity: Severity
    values: dict[str, float] = {}
    message: str | None = None
    repeat: int | None = None
    silenced: Any = False
    acknowledged: Any = False

    @property
    def shown(self) -> bool:
        """Whether anybody wants to hear of it, whatever its severity."""
        if self.silenced or (self.state == "firing" and self.acknowledged):
            return False
        return self.state in SHOWN


class NotifySink:
    """Sends a node's alerts of at least `severity` (info, warning or critical) with `send`.

    `send` returns whether all services took the message. Those that did get it again with the
    next try, if another did not.
    """

    def __init__(self, name: str, node: str, send: Send, *, severity: Severity) -> None:
        """`name` is the sink's name in the log; raise ValueError for an unknown severity."""
        self.name = name
        self._node = node
        self._send = send
        self._wanted = SEVERITIES[SEVERITIES.index(severity) :]

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Send the batch's first alert, and own what comes before it, too; see `Sink`.

        One at a time: the cursor moves with each, so a crash repeats a single message at most.
        """
        for count, event in enumerate(batch):
            try:
                message = self._message(event)
            except UNREADABLE as error:
                reason = f"not a readable alert: {error}"
                raise EventRejected(count + 1, {event.offset: reason}) from None
            if message is not None:
                return count + self._sent(message, first=count == 0)
        return len(batch)

    def _sent(self, message: Notification, *, first: bool) -> bool:
        taken = self._send(message)
        if first and not taken:
            what = f"{self.name}: a service did not take the notification"
            raise SinkUnavailable(what, REMEDY)
        return taken

    def _message(self, event: LoggedEvent) -> Notification | None:
        if event.kind != "alert":
            return None
        notice = msgspec.json.decode(event.data, type=Notice)
        if not notice.shown or notice.severity not in self._wanted:
            return None
        title = f"{self._node}: {event.source} {notice.state} ({notice.severity})"
        if notice.repeat is not None:
            title += f" (repeated, {notice.repeat})"
        return Notification(title, _body(notice, event), notice.severity, notice.state)


def open_apprise(name: str, urls: Sequence[str]) -> Send:
    """Return what sends through the services at `urls`, for the sink `name`.

    Raise AgentError where Apprise is not installed or does not understand a URL; the error gives
    the URL's number, from 1, and never its text, which holds secrets.
    """
    services = _services(name, urls)

    def send(message: Notification) -> bool:
        title, body, severity, state = message
        kind = "success" if state == "resolved" else TYPES[severity]
        try:
            return bool(services.notify(body, title, kind, body_format="text"))
        except TypeError:  # how some versions refuse a message
            return False

    return send


def _services(name: str, urls: Sequence[str]) -> Any:  # noqa: ANN401
    try:
        import apprise  # noqa: PLC0415 - optional, and 37 MB of memory
    except ImportError:
        raise AgentError(
            "the package apprise is not installed", "pip install 'edge-agent[notify]'"
        ) from None
    services = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        with _unlogged("apprise"):  # it logs a URL that it does not understand, secrets and all
            understood = services.add(url)
        if not understood:
            raise AgentError(
                f"{name}: Apprise does not understand URL number {number}",
                "see https://github.com/caronc/apprise for how to write it",
            )
    return services


@contextmanager
def _unlogged(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _body(notice: Notice, event: LoggedEvent) -> str:
    values = [f"{name} = {value:.10g}" for name, value in notice.values.items()]
    return "\n".join([*([notice.message] if notice.message else values), _time(event)])


def _time(event: LoggedEvent) -> str:
    if event.boot is not None:
        return "clock not set"
    measured = EPOCH + timedelta(microseconds=event.time)
    return f"{measured:%Y-%m-%d %H:%M:%S} UTC"
