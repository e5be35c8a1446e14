"""Golden cases: readings, and the alerts and output values that must follow from them."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args

import msgspec
from msgspec import Meta

from edge_agent.blueprint import Blueprint
from edge_agent.clock import Moment
from edge_agent.config.output import Switch
from edge_agent.errors import ConfigError
from edge_agent.evaluate.replay import Replay
from edge_agent.events import Alert, Reading, Switched
from edge_agent.paths import bounded_content
from edge_agent.units import Duration, decode, level

ReportedState: TypeAlias = Literal["firing", "resolved", "flapping"]
REPORTED = frozenset(get_args(ReportedState))
MISSING = "missing"  # no reading comes
REFUSED = "refused"  # a reading comes, but this device or channel has no right value in it


class ExpectedAlert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alert that must be raised."""

    at: Duration
    rule: str
    state: ReportedState = "firing"


class ExpectedOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that an output must move to."""

    at: Duration
    output: str
    value: Annotated[Switch, Meta(description="on, off or a number")]


class RuleCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case: each reading is repeated at its device's interval until the next one.

    A reading is `at` with a table of values for each device, or "missing", or "refused"; the value
    of a channel may be "refused", too. Without `outputs`, it does not matter how outputs move; with
    an empty list, none may. `until` ends the case.
    """

    name: str
    readings: list[dict[str, Any]]
    alerts: list[ExpectedAlert] = []
    outputs: list[ExpectedOutput] | None = None
    start: datetime = datetime(2026, 1, 5, 12, 0)  # noqa: DTZ001 - local time, a Monday
    until: Duration = Duration(0)


class Occurrence(NamedTuple):
    """An alert or an output value at a second of a case, as text."""

    at: float
    what: str

    def __str__(self) -> str:
        return f"{self.what} at {self.at:g}s"


def load(path: Path) -> list[RuleCase]:
    """Return the cases of a TOML or JSON lines file; raise ConfigError for anything else."""
    try:
        text = bounded_content(path).decode("utf-8")
        if path.suffix == ".jsonl":
            found = [msgspec.json.decode(line) for line in text.splitlines() if line.strip()]
        else:
            found = tomllib.loads(text).get("case", [])
        return [msgspec.convert(one, RuleCase, dec_hook=decode) for one in found]
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}; name a file of cases",)) from None
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        what = "cases are [[case]] tables, or a JSON object on each line of a .jsonl file"
        raise ConfigError((f"{path}: {error}; {what}",)) from None


def run(case: RuleCase, blueprint: Blueprint) -> list[str]:
    """Return the differences between what follows and what must follow."""
    _check_expected(case, blueprint)
    start = round(case.start.astimezone().timestamp() * 1e6)
    guards = {one.name: one.guard for one in blueprint.outputs}
    replay = Replay(
        blueprint.rules,
        {one.name: one.plan for one in blueprint.devices},
        guards,
        Moment(start, 0, trusted=True),
    )
    for reading in sorted(measured(case, blueprint), key=lambda one: one.moment.uptime):
        replay.feed(reading)
    replay.advance(_moment(start, end(case)))
    first = {
        name: guard.safe if guard.at_start is None else guard.at_start
        for name, guard in guards.items()
    }
    problems = differences("alert", _wanted_alerts(case), _alerts(replay.alerts))
    if case.outputs is None:
        return problems
    return problems + differences("output", _wanted_moves(case), _moves(replay.switched, first))


def _wanted_alerts(case: RuleCase) -> list[Occurrence]:
    return [Occurrence(one.at, f"{one.rule} {one.state}") for one in case.alerts]


def _alerts(alerts: Iterable[Alert]) -> list[Occurrence]:
    reported = (one for one in alerts if one.state in REPORTED)
    return [Occurrence(one.moment.uptime / 1e6, f"{one.rule} {one.state}") for one in reported]


def _wanted_moves(case: RuleCase) -> list[Occurrence]:
    wanted = case.outputs or []
    return [Occurrence(one.at, f"{one.output} {level(one.value):g}") for one in wanted]


def _moves(switched: Iterable[Switched], first: Mapping[str, float]) -> list[Occurrence]:
    """Return the changes of the outputs' values, from those at the start."""
    values, moves = dict(first), []
    for one in switched:
        if one.value != values[one.output]:
            moves.append(Occurrence(one.moment.uptime / 1e6, f"{one.output} {one.value:g}"))
        values[one.output] = one.value
    return moves


def end(case: RuleCase) -> float:
    """Return the second at which a case ends."""
    times = [_at(case, one) for one in case.readings]
    alerts = [one.at for one in case.alerts]
    outputs = [one.at for one in case.outputs or ()]
    return max([case.until, *times, *alerts, *outputs])


def measured(case: RuleCase, blueprint: Blueprint) -> list[Reading]:
    """Return every reading of a case; raise ConfigError for an unknown device or channel."""
    start = round(case.start.astimezone().timestamp() * 1e6)
    readings: list[Reading] = []
    for resolved in blueprint.devices:
        name, every = resolved.name, resolved.settings.every
        given = [(_at(case, one), one[name]) for one in case.readings if name in one]
        stops = [*(at for at, _ in given[1:]), end(case) + every / 2]
        for (at, values), stop in zip(given, stops, strict=False):
            count = 0 if values == MISSING else max(int((stop - at) / every - 1e-9) + 1, 1)
            _check(case, name, values, {channel.name for channel in resolved.channels})
            readings += [
                _reading(name, _moment(start, at + n * every), values) for n in range(count)
            ]
    known = {resolved.name for resolved in blueprint.devices} | {"at"}
    unknown = sorted({name for one in case.readings for name in one} - known)
    if unknown:
        raise ConfigError((f"case {case.name!r}: no device {', '.join(unknown)}",))
    return readings


def differences(kind: str, wanted: list[Occurrence], found: list[Occurrence]) -> list[str]:
    """Return what is missing, and what is unexpected."""
    missing = [f"{kind}: no {one}" for one in wanted if one not in found]
    return missing + [f"{kind}: unexpected {one}" for one in found if one not in wanted]


def _at(case: RuleCase, reading: dict[str, Any]) -> float:
    try:
        return Duration.parse(reading["at"])
    except (KeyError, ValueError):
        raise ConfigError((f"case {case.name!r}: each reading needs at, such as 30s",)) from None


def _reading(device: str, moment: Moment, values: dict[str, Any] | str) -> Reading:
    if isinstance(values, str):
        return Reading(device, moment, {}, REFUSED)
    right = {channel: value for channel, value in values.items() if value != REFUSED}
    return Reading(device, moment, right, refused=dict.fromkeys(values.keys() - right, REFUSED))


def _check_expected(case: RuleCase, blueprint: Blueprint) -> None:
    """Raise ConfigError if the case names a rule or an output that does not exist."""
    rules = {one.name for one in blueprint.rules}
    outputs = {one.name for one in blueprint.outputs}
    unknown = [f"no rule {one.rule}" for one in case.alerts if one.rule not in rules]
    unknown += [f"no output {o.output}" for o in case.outputs or () if o.output not in outputs]
    if unknown:
        raise ConfigError(tuple(f"case {case.name!r}: {one}" for one in unknown))


def _check(case: RuleCase, device: str, values: object, channels: set[str]) -> None:
    if values in (MISSING, REFUSED):
        return
    if not isinstance(values, dict) or not values.keys() <= channels:
        what = f"{device} is a table of {', '.join(sorted(channels))}, or 'missing', or 'refused'"
        raise ConfigError((f"case {case.name!r}: {what}",))
    wrong = [name for name, one in values.items() if one != REFUSED and not _is_number(one)]
    if wrong:
        what = f"{device}.{wrong[0]} is a number, or 'refused'"
        raise ConfigError((f"case {case.name!r}: {what}",))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _moment(start: int, seconds: float) -> Moment:
    uptime = round(seconds * 1e6)
    return Moment(start + uptime, uptime, trusted=True)
