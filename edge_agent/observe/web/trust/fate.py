"""What became of one event at one sink, as far as its account and the gap events prove it."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from edge_agent.events import LoggedEvent
from edge_agent.observe.web.trust.gap_report import GapReport
from edge_agent.observe.web.trust.reached import Reached, when_reached
from edge_agent.store.sink_account import SinkAccount

FateName: TypeAlias = Literal[
    "unwanted", "waiting", "delivered", "refused", "dropped", "settled", "unknown"
]


class Fate(msgspec.Struct, frozen=True):
    """What became of an event at a sink, in one word and in a sentence.

    `time`, in µs since 1970, is when the sink owned or refused it, if that is known.
    """

    sink: str
    state: FateName
    text: str
    time: int | None = None


class KnownEvent(NamedTuple):
    """What is known of an offset: its event, if the log still has it, and reports that name it."""

    offset: int
    event: LoggedEvent | None
    gaps: Sequence[GapReport]


def fate(account: SinkAccount, found: KnownEvent, reaches: Sequence[Reached]) -> Fate:
    """Return what became of an event at the sink of an account."""
    name = account.sink
    for judge in (_refused, _not_for, _before, _waiting, _dropped, _gone):
        if (verdict := judge(account, found)) is not None:
            return Fate(name, *verdict)
    reached = when_reached(reaches, found.offset)
    if reached is None:
        return Fate(name, "delivered", _settled(account))
    text = f"{name} owns it, with all of its events up to offset {reached.offset}"
    return Fate(name, "delivered", text, reached.time)


Verdict: TypeAlias = tuple[FateName, str] | tuple[FateName, str, int | None] | None


def _refused(account: SinkAccount, found: KnownEvent) -> Verdict:
    """Judge by the gap event that reports the refusal: it names the sink and its words."""
    for gap in found.gaps:
        if (why := gap.refused_by(account.sink)) is not None:
            return "refused", f"{account.sink} refused it for good: {why}", gap.time
    return None


def _not_for(account: SinkAccount, found: KnownEvent) -> Verdict:
    if found.event is None or found.event.kind in account.kinds:
        return None
    return "unwanted", f"{account.sink} does not take events of the kind {found.event.kind}"


def _before(account: SinkAccount, found: KnownEvent) -> Verdict:
    if found.offset > account.start:
        return None
    return "unwanted", f"it was logged before the account of {account.sink} began"


def _waiting(account: SinkAccount, found: KnownEvent) -> Verdict:
    if found.event is None or found.offset <= account.cursor:
        return None
    if not account.configured:
        return "unwanted", f"the configuration no longer names {account.sink}"
    ahead = found.offset - account.cursor - 1
    text = f"it waits for {account.sink}, which has all up to offset {account.cursor}"
    return "waiting", f"{text}; at most {ahead:,} events are before it" if ahead else text


def _dropped(account: SinkAccount, found: KnownEvent) -> Verdict:
    """Judge by the reports of what the agent gave up; they do not say for which sinks."""
    reasons = [gap.reason for gap in found.gaps if not gap.is_refusal]
    if found.event is not None or not reasons:
        return None
    why = _listed(reasons)
    if found.offset > account.cursor:
        return "dropped", f"the agent gave it up before {account.sink} had it: {why}"
    text = (
        f"the agent gave it up ({why}); the log does not say whether {account.sink} had it before"
    )
    return "unknown", text


def _gone(account: SinkAccount, found: KnownEvent) -> Verdict:
    """Judge what the log no longer has: reports that are as old may be gone as well."""
    if found.event is not None:
        return None
    if found.offset > account.cursor:
        return "unknown", f"the log has no such event, and {account.sink} is not yet there"
    return "settled", f"{_settled(account)}; the event is no longer in the log"


def _settled(account: SinkAccount) -> str:
    return (
        f"{account.sink} has settled all up to offset {account.cursor};"
        " the log does not keep when it took each event"
    )


def _listed(reasons: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(reasons))
