"""What if there were a rule with this threshold: the alarms that it would have raised.

The text of the rule is parsed, and its alerts come from the same evaluator as those of the agent.
It gets only the readings that make a difference to the rule; so a week of them takes a moment.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import sub
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.evaluate.replay import Replay
from edge_agent.evaluate.rules.alerts import OPEN
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import Alert, Reading
from edge_agent.samples import Samples
from edge_agent.units import Duration

MOST_ALARMS = 1000
DECIMALS = 6
FOREVER = 1e9  # seconds: a reading without a value says when the last one is too old
ABSENT, CLEAR, BETWEEN, BEYOND = range(4)  # where a value lies

Name = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$", max_length=64)]
Value = Annotated[float, Meta(ge=-1e9, le=1e9)]


class DraftRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A threshold of a channel: the rule fires beyond it, and clears beyond the hysteresis.

    `hold` is how many seconds the value must stay beyond the threshold.
    """

    name: Name
    channel: Annotated[str, Meta(max_length=200)]
    above: bool
    threshold: Value
    hysteresis: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    hold: Annotated[float, Meta(ge=0, le=604_800)] = 0.0

    @property
    def when(self) -> str:
        """Return the condition."""
        return f"{self.channel} {'>' if self.above else '<'} {_number(self.threshold)}"

    @property
    def clear(self) -> str:
        """Return the condition that ends the alert; empty without hysteresis."""
        if not self.hysteresis:
            return ""
        return f"{self.channel} {'<' if self.above else '>'} {_number(self.cleared)}"

    @property
    def cleared(self) -> float:
        """Return the value beyond which the alert ends."""
        return self.threshold + (-self.hysteresis if self.above else self.hysteresis)

    def toml(self) -> str:
        """Return the rule as the configuration has it."""
        lines = ["[[rule]]", f'name = "{self.name}"', f'when = "{self.when}"']
        if self.clear:
            lines.append(f'clear = "{self.clear}"')
        if self.hold:
            lines.append(f'for = "{Duration(round(self.hold, DECIMALS)).text}"')
        return "\n".join(lines) + "\n"

    def rule(self, known: Known) -> Rule:
        """Return the rule; raise ConfigError if the configuration would refuse it."""
        names = {self.channel: known}
        clear = parse(self.clear, names) if self.clear else None
        return Rule(self.name, parse(self.when, names), clear, hold=self.hold)


class Alarm(NamedTuple):
    """From when to when, in µs, an alert would have been firing; None if it would be still.

    It is `flapping` if it would have fired too often to be reported each time.
    """

    since: int
    until: int | None
    flapping: bool


class WhatIf(NamedTuple):
    """The first alarms; `complete` unless there would have been more."""

    alarms: list[Alarm]
    complete: bool


def what_if(draft: DraftRule, known: Known, samples: Iterable[Samples]) -> WhatIf:
    """Return the alarms; samples are in order of time. Raises ConfigError as `rule` does."""
    rule = draft.rule(known)
    device, _, channel = draft.channel.partition(".")
    replay: Replay | None = None
    moment = Moment(0, 0, trusted=True)
    for time, value in decisive(draft, known.max_age, samples):
        moment = Moment(time, time, trusted=True)
        replay = replay or Replay([rule], {device: DevicePlan({}, FOREVER)}, {}, moment)
        replay.feed(Reading(device, moment, {} if value is None else {channel: value}))
    if replay is None:
        return WhatIf([], complete=True)
    replay.advance(moment)
    alarms = list(_alarms(replay.alerts))
    return WhatIf(alarms[:MOST_ALARMS], complete=len(alarms) <= MOST_ALARMS)


def decisive(
    draft: DraftRule, max_age: float, samples: Iterable[Samples]
) -> Iterator[tuple[int, float | None]]:
    """Yield time and value of each sample that lies elsewhere than the one before, and the last.

    A value that gets too old is followed by None. What is older than the sample before is left
    out: the clock was set back.
    """
    side_of = _sides(draft)
    patience = round(max_age * 1e6)
    last, side, latest = -1, ABSENT, None
    for chunk in samples:
        if _stays(chunk, last, side, side_of, patience):
            last, latest = chunk.times[-1], chunk.values[-1]
            continue
        for time, value in zip(chunk.times, chunk.values, strict=True):
            if time <= last:
                continue
            if time - last >= patience and side != ABSENT:
                yield last + patience - 1, None  # before what is due as it gets too old
                side = ABSENT
            if (now := side_of(value)) != side or last < 0:
                yield time, value
            last, side, latest = time, now, value
    if last >= 0:
        yield last, latest


def _stays(
    chunk: Samples, last: int, side: int, side_of: Callable[[float | None], int], patience: int
) -> bool:
    """Return whether samples all lie on the same side, in order, without a silence: most do."""
    if not chunk.times or None in chunk.values:
        return False
    values: Sequence[float] = chunk.values  # type: ignore[assignment]
    if {side_of(min(values)), side_of(max(values))} != {side}:
        return False
    steps = {chunk.times[0] - last, *map(sub, chunk.times[1:], chunk.times)}
    return bool(0 < min(steps) <= max(steps) < patience)


def _sides(draft: DraftRule) -> Callable[[float | None], int]:
    """Return what says on which side of both lines a value lies."""
    sign = 1 if draft.above else -1
    threshold, cleared = (sign * float(_number(one)) for one in (draft.threshold, draft.cleared))

    def side(value: float | None) -> int:
        if value is None:
            return ABSENT
        if sign * value > threshold:
            return BEYOND
        return BETWEEN if cleared < threshold and sign * value >= cleared else CLEAR

    return side


def _alarms(alerts: Iterable[Alert]) -> Iterator[Alarm]:
    begun: Alert | None = None
    flapping = False
    for alert in alerts:
        if alert.state in OPEN:
            begun = begun or alert
            flapping = flapping or alert.state == "flapping"
        elif alert.state == "resolved" and begun:
            yield Alarm(begun.moment.time, alert.moment.time, flapping)
            begun, flapping = None, False
    if begun:
        yield Alarm(begun.moment.time, None, flapping)


def _number(value: float) -> str:
    """Return a number as people write it."""
    return f"{round(value, DECIMALS) + 0.0:.{DECIMALS}f}".rstrip("0").rstrip(".")
