"""Where the history comes from: the agent's event log, or the store of a fleet."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, Protocol

from edge_agent.observe.web.history.columns import Points
from edge_agent.samples import Samples, TimeSpan

UNKNOWN_AGE = 330.0  # seconds: a little longer than the default heartbeat of a dead band


class ShownChannel(NamedTuple):
    """A channel that has a past; `name` is `device.channel`, of a fleet `node/device.channel`.

    After `max_age` seconds without a reading there is a gap. `low` and `high` are the sensor's
    range; None if it has none, or if it is not known.
    """

    name: str
    unit: str = ""
    quantity: str = ""
    decimals: int | None = None
    max_age: float = UNKNOWN_AGE
    low: float | None = None
    high: float | None = None


class HistoryMark(NamedTuple):
    """What happened at a time in µs: an alert has changed its state, or an output its value.

    `text` is the message of an alert, or who has switched an output.
    """

    time: int
    kind: Literal["alert", "output"]
    name: str
    state: str
    text: str


class HistoryMarks(NamedTuple):
    """Marks in order of time; `complete` unless there were older ones in the span."""

    marks: Sequence[HistoryMark]
    complete: bool


class HistorySource(Protocol):
    """Answers from any thread; each call may block for a moment.

    It raises BadRequest if a span has too many events, and AgentError if it cannot answer now. A
    channel that it does not know has no points.
    """

    def channels(self) -> Sequence[ShownChannel]:
        """Return the channels, in the order in which they are shown."""
        ...

    def points(self, channel: str, span: TimeSpan, width: int) -> Points:
        """Return the lowest and highest values of about `width` columns."""
        ...

    def samples(self, channel: str, span: TimeSpan) -> Iterator[Samples]:
        """Yield every sample; nothing is held open between two of them."""
        ...

    def marks(self, span: TimeSpan) -> HistoryMarks:
        """Return the latest marks of a span, after those of alerts that were open before it."""
        ...
