"""What threads report of their work, for metrics and page: plain values; nothing waits for them."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias


class Measured(NamedTuple):
    """An attempt to measure a device has ended; `error` is the quality if it failed.

    It took `seconds`, waits included, and began `late` seconds after it was due.
    """

    device: str
    seconds: float
    late: float
    error: str = ""


class TakenOver(NamedTuple):
    """A sink owns events up to `offset`, `seconds` after it got them; some may be refused."""

    sink: str
    seconds: float
    offset: int


class Postponed(NamedTuple):
    """A sink took no events, and is tried again."""

    sink: str


class Committed(NamedTuple):
    """The event log has committed; the disk took `seconds` to confirm it.

    `offset` is the last one, None if there was no event in it.
    """

    seconds: float
    offset: int | None


class NotCommitted(NamedTuple):
    """The disk did not take a commit, which is tried again."""


class UnknownRules(NamedTuple):
    """Of all rules that are pending or firing, those whose condition is unknown."""

    names: frozenset[str]


class SignOfLife(NamedTuple):
    """When a thread made progress last, and how long it may be silent, both in s, monotonic."""

    at: float
    limit: float


class SignsOfLife(NamedTuple):
    """The last sign of life of each thread that is watched."""

    threads: Mapping[str, SignOfLife]


Figure: TypeAlias = (
    Measured | TakenOver | Postponed | Committed | NotCommitted | UnknownRules | SignsOfLife
)


def unreported(_item: object) -> None:
    """Take an item if there are no metrics or no page to show it: do nothing."""
