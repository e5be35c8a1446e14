"""What is read when Prometheus asks: the event log, its disk, the clock."""

from collections.abc import Mapping
from typing import NamedTuple


class SinkState(NamedTuple):
    """The account of a sink; `lag` is the age of the first event that waits, in s, if known."""

    available: bool
    waiting: int
    lag: float | None
    delivered: int
    refused: int
    dropped: Mapping[str, int]  # by reason


class LogState(NamedTuple):
    """The event log; `oldest` is the time of its first event in s since 1970, 0 if there is none.

    `bytes` are those of the database and its write-ahead log, `limit` is what they may take.
    """

    recorded: int
    events: int
    oldest: float
    bytes: int
    limit: int
    sinks: Mapping[str, SinkState]


class DiskState(NamedTuple):
    """The file system of the event log, in bytes, and what this process wrote to any disk."""

    size: int
    free: int
    written: int | None


class AgentState(NamedTuple):
    """What is true at this moment; None if it cannot be read."""

    node: str
    version: str
    clock_set: bool
    log: LogState | None
    disk: DiskState | None
