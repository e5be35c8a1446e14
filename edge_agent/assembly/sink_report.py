"""The state of each sink, put together from the configuration, the event log and its locks."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from edge_agent.clock import Clock
from edge_agent.deliver.sink_state import (
    Availability,
    LastError,
    availability_name,
    error_name,
    notice_name,
)
from edge_agent.errors import LogError
from edge_agent.store.reader import LogReader, Stats
from edge_agent.store.sink_account import SinkAccount
from edge_agent.store.tally import LAST_POSSIBLE

READING_FAILS = (sqlite3.Error, LogError, OSError)
EMPTY = SinkAccount("", 0, 0, 0, 0, {}, {}, configured=False)

T = TypeVar("T")


class SinkReport(NamedTuple):
    """What is known of a sink; times in µs since 1970, `oldest` in seconds; None if unknown.

    `state` is `delivering`, `unavailable`, `stopped` (no agent runs), `new` (the agent does not use
    it yet) or `removed` (the configuration does not name it).
    """

    state: str
    since: int | None
    waiting: int
    oldest: float | None
    delivered: int
    refused: dict[str, int]
    dropped: dict[str, int]
    error: LastError | None
    notice: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {**self._asdict(), "error": msgspec.to_builtins(self.error)}


class LogAccounts(NamedTuple):
    """What the log says of itself, and of each sink that the agent uses."""

    stats: Stats
    sinks: dict[str, SinkReport]


def log_accounts(reader: LogReader, clock: Clock) -> LogAccounts:
    """Return what is known while the agent runs, in a snapshot of the reader."""
    stats = reader.stats()
    names = [name for name, account in stats.sinks.items() if account.configured]
    reports = sink_reports(reader, names, clock, running=True)
    return LogAccounts(stats, {name: reports[name] for name in names})


def sink_reports(
    reader: LogReader, names: Iterable[str], clock: Clock, *, running: bool
) -> dict[str, SinkReport]:
    """Return what is known of each sink: those with these names first, then the removed ones."""
    wanted = list(names)
    with reader.snapshot():
        accounts, saved = reader.accounts(), reader.saved_states()
        removed = [name for name in accounts if name not in wanted]
        found: dict[str, SinkReport] = {}
        for name in (*wanted, *removed):
            account = accounts.get(name)
            available = _decoded(saved, availability_name(name), Availability)
            state = _state(account, available, configured=name in wanted, running=running)
            lag = _oldest(account, reader, clock) if account and account.waiting else None
            found[name] = _report(name, state, account or EMPTY, saved, lag)
    return found


def _report(
    name: str, state: str, account: SinkAccount, saved: Mapping[str, bytes], lag: float | None
) -> SinkReport:
    available = _decoded(saved, availability_name(name), Availability)
    works = state in {"delivering", "unavailable"}
    return SinkReport(
        state,
        available.since if available and works else None,
        account.waiting,
        lag,
        account.delivered,
        account.refused,
        account.dropped,
        _decoded(saved, error_name(name), LastError),
        (_decoded(saved, notice_name(name), str) or "") if works else "",
    )


def _state(
    account: SinkAccount | None, available: Availability | None, *, configured: bool, running: bool
) -> str:
    if not configured:
        return "removed"
    if account is None or not account.configured:
        return "new"
    if not running:
        return "stopped"
    return "delivering" if available is None or available.available else "unavailable"


def _oldest(account: SinkAccount, reader: LogReader, clock: Clock) -> float | None:
    """Return the age of the first event that waits; None if its time cannot be known yet."""
    now, found = clock.now(), reader.read_kinds(account.kinds, account.cursor, LAST_POSSIBLE, 1)
    for event in found:
        if event.boot is None:
            return max(now.time - event.time, 0) / 1e6
        if event.boot == reader.boot_number(clock.boot):
            return max(now.uptime - (event.uptime or 0), 0) / 1e6
    return None


def _decoded(saved: Mapping[str, bytes], name: str, kind: type[T]) -> T | None:
    """Return what was saved under a name; None if it is missing or not written by us."""
    try:
        return msgspec.json.decode(saved[name], type=kind)
    except (KeyError, msgspec.MsgspecError):
        return None
