"""Rules as they are configured: a condition, how long it must hold, and what follows."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from edge_agent.evaluate.expressions.expression import Expression, Span
from edge_agent.evaluate.rules.alert_text import AlertText
from edge_agent.events import Severity

STORM = 10  # more firings than this within `STORM_SECONDS` are reported as flapping


class Rule(msgspec.Struct, frozen=True):
    """A rule as configured; times in seconds, `settings` are the outputs' values while it fires.

    `keep` is how long it keeps firing after its condition clears, `repeat` the interval at which
    its alert is repeated (0: never), `storm` how often it may fire in ten minutes before it is
    reported as flapping.
    """

    name: str
    when: Expression
    clear: Expression | None = None
    hold: float = 0.0
    severity: Severity = "warning"
    settings: Mapping[str, float] = {}
    keep: float = 0.0
    repeat: float = 0.0
    storm: int = STORM
    message: AlertText | None = None
    thresholds: Mapping[str, float] = {}

    @property
    def inputs(self) -> frozenset[str]:
        """The names of the values that the rule depends on."""
        return self.when.inputs | (self.clear.inputs if self.clear else frozenset())

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its expressions."""
        return (self.when, self.clear) if self.clear else (self.when,)

    @property
    def condition(self) -> str:
        """What its state depends on, as a digest: `when`, `clear` and `for`."""
        texts = [one.text for one in self.expressions]
        return sha256(repr((texts, self.hold)).encode()).hexdigest()[:16]

    @property
    def timed(self) -> bool:
        """Whether time alone may change its condition; a window is evaluated at readings."""
        return any(one.timed for one in self.expressions)


def spans(rules: Iterable[Rule]) -> set[Span]:
    """Return the windows that rules use."""
    return {span for rule in rules for each in rule.expressions for span in each.spans}
