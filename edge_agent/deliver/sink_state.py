"""What the account of a sink does not say: whether its destination takes events, the last error.

The event log keeps it, so that it can be read while the agent runs and after its end.
"""

from collections.abc import Callable

import msgspec

from edge_agent.clock import Clock
from edge_agent.events import SavedState

EVERY = 60.0  # s: while a destination is away, another error is saved as often as this
LENGTH = 500  # characters of an error


class Availability(msgspec.Struct, frozen=True):
    """Whether the destination takes events, and since when, in µs since 1970."""

    available: bool
    since: int


class LastError(msgspec.Struct, frozen=True):
    """The last error of a sink; `time` in µs since 1970."""

    text: str
    time: int


def availability_name(sink: str) -> str:
    """Return the name under which the log keeps a sink's `Availability`."""
    return f"sink/{sink}/availability"


def error_name(sink: str) -> str:
    """Return the name under which the log keeps a sink's `LastError`."""
    return f"sink/{sink}/error"


def notice_name(sink: str) -> str:
    """Return the name under which the log keeps what the status should say of a sink."""
    return f"sink/{sink}/notice"


class NoticeWriter:
    """Saves what the status should say of a sink, if it changes; an empty text ends it."""

    def __init__(self, sink: str, save: Callable[[SavedState], None]) -> None:
        self._name = notice_name(sink)
        self._save = save
        self._text: str | None = None

    def put(self, text: str) -> None:
        """Take the text; the sink calls it in one thread."""
        if text != self._text:
            self._text = text
            self._save(SavedState(self._name, msgspec.json.encode(text)))


class StateWriter:
    """Saves each change of one sink; a destination that keeps failing costs a row a minute."""

    def __init__(self, sink: str, save: Callable[[SavedState], None], clock: Clock) -> None:
        self._sink = sink
        self._save = save
        self._clock = clock
        self._available: bool | None = None
        self._text = ""
        self._saved_at = float("-inf")

    def delivered(self) -> None:
        """Note that the destination takes events, or is about to be tried."""
        self._change(available=True)

    def failed(self, text: str) -> None:
        """Note that the destination takes none, and why."""
        self._error(text)
        self._change(available=False)

    def refused(self, text: str) -> None:
        """Note that the destination refused events."""
        self._error(text)

    def _change(self, *, available: bool) -> None:
        if available is not self._available:
            self._available = available
            now = self._clock.now().time
            state = msgspec.json.encode(Availability(available, now))
            self._save(SavedState(availability_name(self._sink), state))

    def _error(self, text: str) -> None:
        now = self._clock.monotonic()
        new = text != self._text and self._available is not False
        if new or now - self._saved_at >= EVERY:
            self._text, self._saved_at = text, now
            error = LastError(text[:LENGTH], self._clock.now().time)
            self._save(SavedState(error_name(self._sink), msgspec.json.encode(error)))
