"""Cursor moves that wait for a commit of the event log.

A commit with them writes a page more for each account, which an SD card notices; a kill lets what
lies behind them be delivered once more.
"""

from collections.abc import Iterator

from edge_agent.events import CursorMove

ALONG = 3.5  # seconds after which they commit with events, so not at each tick of 1 s
ALONE = 5.0  # seconds after which they commit without any
QUICKLY = 1.5  # seconds instead, if a cursor has passed many events
MANY = 100  # events: beside so many, a page weighs little


class CursorMoves:
    """Keeps the farthest move of each sink, with all refusals."""

    def __init__(self) -> None:
        self._moves: dict[tuple[str, frozenset[str]], CursorMove] = {}
        self._first: dict[tuple[str, frozenset[str]], int] = {}  # offsets
        self._since = float("inf")

    def __iter__(self) -> Iterator[CursorMove]:
        return iter(self._moves.values())

    def __len__(self) -> int:
        return len(self._moves)

    def take(self, move: CursorMove, now: float) -> None:
        """Take a move at a monotonic time in seconds."""
        key = move.sink, move.kinds
        before = self._moves.get(key, move)
        offset, refused = max(move.offset, before.offset), {**before.refused, **move.refused}
        self._moves[key] = move._replace(offset=offset, refused=refused)
        self._first.setdefault(key, offset)
        self._since = min(self._since, now)

    def due(self, interval: float) -> float:
        """Return when to commit them alone: not before `interval`, in seconds; infinity if none."""
        return self._since + max(interval, QUICKLY if self._are_far() else ALONE)

    def may_wait(self, now: float) -> bool:
        """Return whether a commit of events need not have them."""
        refused = any(move.refused for move in self)
        return now < self._since + ALONG and not (refused or self._are_far())

    def _are_far(self) -> bool:
        return any(move.offset - self._first[key] >= MANY for key, move in self._moves.items())
