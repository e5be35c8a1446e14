"""What an alert system reports: a change of an alert, with the values that caused it."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec

from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.events import AlertState, Severity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = frozenset({"firing", "resolved", "flapping"})  # what people are notified of


class Transition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change of an alert, or a repetition; times are µs since 1970.

    `node` is the node that it is about, "" if it is about several; `nodes` are those that fulfil
    the clauses of the rule. `since` is when the condition began to hold.
    """

    rule: str
    node: str
    state: AlertState
    severity: Severity
    at: int
    since: int
    values: dict[str, float] = {}
    message: str = ""
    repeat: int = 0
    acknowledged: bool = False
    silenced: bool = False
    nodes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The same at each attempt to send it, and after a restart."""
        what = (self.rule, self.node, self.state, self.at, self.repeat)
        return blake2b(repr(what).encode(), digest_size=16).hexdigest()

    @property
    def key(self) -> str:
        """The alert that it is about: the same while it fires, resolves and fires again."""
        return blake2b(repr((self.rule, self.node)).encode(), digest_size=8).hexdigest()


class AlertRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is saved of a rule, for each node that it is about.

    `last` is the latest transition; `notified` says whether people know that it fires.
    """

    state: RuleState
    last: Transition | None = None
    notified: bool = False

    @property
    def idle(self) -> bool:
        """Whether it has nothing to remember."""
        state = self.state
        return not (state.open or state.state != "inactive" or state.firings or self.notified)


def moment_of(at: int) -> datetime:
    """Return µs since 1970 as a time in UTC."""
    return EPOCH + timedelta(microseconds=at)
