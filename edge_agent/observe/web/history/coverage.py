"""Which columns need no readings, because windows of the agent cover all of them. Pure."""

from collections import Counter
from collections.abc import Iterator

from edge_agent.observe.web.history.columns import SECOND
from edge_agent.samples import Samples, TimeSpan


class Coverage:
    """Counts the windows within each column of a span, which begins and ends with columns."""

    def __init__(self, span: TimeSpan, step: int) -> None:
        self._span = span
        self._step = step
        self._covered: Counter[tuple[int, int]] = Counter()  # µs, by length and column
        self._latest: dict[int, int] = {}  # begin, by length

    def fits(self, seconds: int) -> bool:
        """Return whether each window of this length lies within one column."""
        return self._step % (seconds * SECOND) == 0

    def note(self, windows: Samples) -> None:
        """Count windows of a length that fits; one that was counted before does not count."""
        length = windows.seconds * SECOND
        for begin in windows.times:
            if begin > self._latest.get(length, -1):
                self._latest[length] = begin
                self._covered[length, begin // self._step] += length

    def open_spans(self) -> Iterator[TimeSpan]:
        """Yield the spans that are not covered, in order of time."""
        first, end = self._span.since // self._step, self._span.until // self._step
        full = {index for (_, index), covered in self._covered.items() if covered == self._step}
        open_since = first
        for index in [*sorted(full.intersection(range(first, end))), end]:
            if index > open_since:
                yield TimeSpan(open_since * self._step, index * self._step)
            open_since = index + 1
