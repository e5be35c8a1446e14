"""The notification sink: alerts as messages to people.

Sending blocks until the service answers or Apprise's timeout is over.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.deliver.notify.options import NotifyOptions
from edge_agent.deliver.notify.services import Notification, Send, open_apprise
from edge_agent.deliver.sink import SinkContext, SinkPlan, SinkProblem, SinkType
from edge_agent.errors import AgentError, EventRejected, SinkUnavailable
from edge_agent.events import SEVERITIES, LoggedEvent, Severity, node_of
from edge_agent.paths import bounded_content, expanded
from edge_agent.private_files import refuse_exposed

SHOWN = frozenset({"firing", "resolved", "flapping"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNREADABLE = (msgspec.DecodeError, UnicodeError, OverflowError, RecursionError)
REMEDY = "check its URL and the network"


class Notice(msgspec.Struct, frozen=True):
    """The part of an alert's data that people get; any true value silences or acknowledges."""

    state: str
    severity: Severity
    values: dict[str, float] = {}
    message: str | None = None
    repeat: int | None = None
    silenced: Any = False
    acknowledged: Any = False

    @property
    def shown(self) -> bool:
        """Whether it is worth a notification, at any severity."""
        if self.silenced or (self.state == "firing" and self.acknowledged):
            return False
        return self.state in SHOWN


class NotifySink:
    """Sends a node's alerts of at least `severity` (info, warning or critical).

    `connect` returns the function that sends; that one returns whether all services took the
    message. Those that did get it again with the next try, if another did not.
    """

    def __init__(
        self, name: str, node: str, connect: Callable[[], Send], *, severity: Severity
    ) -> None:
        """`name` is the sink's name in the log; raise ValueError for an unknown severity."""
        self.name = name
        self._node = node
        self._connect = connect
        self._send: Send | None = None
        self._wanted = SEVERITIES[SEVERITIES.index(severity) :]

    def open(self) -> None:
        """Find out how to send; raise `SinkUnavailable` if that fails now."""
        try:
            self._send = self._connect()
        except (AgentError, OSError, UnicodeError) as error:
            raise SinkUnavailable(str(error), REMEDY) from error

    def close(self) -> None:
        """Forget how to send."""
        self._send = None

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
        taken = self._send is not None and self._send(message)
        if first and not taken:
            what = "a service did not take the notification"
            raise SinkUnavailable(what, REMEDY)
        return taken

    def _message(self, event: LoggedEvent) -> Notification | None:
        if event.kind != "alert":
            return None
        notice = msgspec.json.decode(event.data, type=Notice)
        if not notice.shown or notice.severity not in self._wanted:
            return None
        title = f"{node_of(event, self._node)}: {event.source} {notice.state} ({notice.severity})"
        if notice.repeat is not None:
            title += f" (repeated, {notice.repeat})"
        return Notification(title, _body(notice, event), notice.severity, notice.state)


def _body(notice: Notice, event: LoggedEvent) -> str:
    values = [f"{name} = {value:.10g}" for name, value in notice.values.items()]
    return "\n".join([*([notice.message] if notice.message else values), _time(event)])


def _time(event: LoggedEvent) -> str:
    if event.boot is not None:
        return "clock not set"
    measured = EPOCH + timedelta(microseconds=event.time)
    return f"{measured:%Y-%m-%d %H:%M:%S} UTC"


def url_of(plan: SinkPlan[NotifyOptions]) -> str:
    """Return the URL that Apprise understands; raise OSError or UnicodeError for its file."""
    file = plan.options.url_file
    if file:
        return bounded_content(Path(expanded(file))).decode().strip()
    return plan.url[0].partition(":")[2]


def check(plan: SinkPlan[NotifyOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a plan; no text holds the URL, which may be a secret."""
    file = plan.options.url_file
    if bool(file) == bool(plan.url[0].partition(":")[2]):
        yield SinkProblem("url", None, "give one of url and url_file")
        return
    if file:
        try:
            refuse_exposed(expanded(file))
        except AgentError as error:
            yield SinkProblem.of("url_file", file, error)
    try:
        open_apprise(plan.name, [url_of(plan)])
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        yield SinkProblem("url_file", file, f"{reason}; make it readable for this user")
    except AgentError as error:
        yield SinkProblem("url", None, str(error))


def build(plan: SinkPlan[NotifyOptions], context: SinkContext) -> NotifySink:
    """Return the sink; Apprise is loaded when it is opened."""
    return NotifySink(
        plan.name,
        context.node,
        lambda: open_apprise(plan.name, [url_of(plan)]),
        severity=plan.options.severity,
    )


SINK = SinkType(NotifyOptions, check, build)
