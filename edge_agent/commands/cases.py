"""Golden cases: readings, and the alerts and output values that must follow from them."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from edge_agent.blueprint import Blueprint
from edge_agent.clock import Moment
from edge_agent.config.output import Switch
from edge_agent.errors import ConfigError
from edge_agent.evaluate.replay import Replay
from edge_agent.events import Reading
from edge_agent.units import Duration, decode, level

REPORTED = {"firing", "resolved", "flapping"}


class ExpectedAlert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alert that must be raised."""

    at: Duration
    rule: str
    state: str = "firing"


class ExpectedOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value to which an output must be set."""

    at: Duration
    output: str
    value: Annotated[Switch, Meta(description="on, off or a number")]


class RuleCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case: each reading is repeated at its device's interval until the next one.

    A reading is `at` with a table of values for each device, or "missing"; `until` ends the case.
    """

    name: str
    readings: list[dict[str, Any]]
    alerts: list[ExpectedAlert] = []
    outputs: list[ExpectedOutput] = []
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
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            found = [msgspec.json.decode(line) for line in text.splitlines() if line.strip()]
        else:
            found = tomllib.loads(text).get("case", [])
        return [msgspec.convert(one, RuleCase, dec_hook=decode) for one in found]
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}; name a file of cases",)) from None
    except (ValueError, msgspec.MsgspecError) as error:
        what = "cases are [[case]] tables, or a JSON object on each line of a .jsonl file"
        raise ConfigError((f"{path}: {error}; {what}",)) from None


def run(case: RuleCase, blueprint: Blueprint) -> list[str]:
    """Return the differences between what follows and what must follow."""
    start = round(case.start.astimezone().timestamp() * 1e6)
    replay = Replay(
        blueprint.rules,
        {one.name: one.plan for one in blueprint.devices},
        {one.name: one.guard for one in blueprint.outputs},
        Moment(start, 0, trusted=True),
    )
    for reading in sorted(measured(case, blueprint), key=lambda one: one.moment.uptime):
        replay.feed(reading)
    replay.advance(_moment(start, end(case)))
    alerts = [
        Occurrence(one.moment.uptime / 1e6, f"{one.rule} {one.state}")
        for one in replay.alerts
        if one.state in REPORTED
    ]
    switched = [
        Occurrence(one.moment.uptime / 1e6, f"{one.output} {one.value:g}")
        for one in replay.switched
        if one.moment.uptime
    ]
    wanted = [Occurrence(one.at, f"{one.rule} {one.state}") for one in case.alerts]
    set_to = [Occurrence(one.at, f"{one.output} {level(one.value):g}") for one in case.outputs]
    problems = differences("alert", wanted, alerts)
    return problems + (differences("output", set_to, switched) if case.outputs else [])


def end(case: RuleCase) -> float:
    """Return the second at which a case ends."""
    times = [_at(case, one) for one in case.readings]
    alerts = [one.at for one in case.alerts]
    return max([case.until, *times, *alerts, *(one.at for one in case.outputs)])


def measured(case: RuleCase, blueprint: Blueprint) -> list[Reading]:
    """Return every reading of a case; raise ConfigError for an unknown device or channel."""
    start = round(case.start.astimezone().timestamp() * 1e6)
    readings: list[Reading] = []
    for resolved in blueprint.devices:
        name, every = resolved.name, resolved.settings.every
        given = [(_at(case, one), one[name]) for one in case.readings if name in one]
        stops = [*(at for at, _ in given[1:]), end(case) + every / 2]
        for (at, values), stop in zip(given, stops, strict=False):
            count = 0 if values == "missing" else max(int((stop - at) / every - 1e-9) + 1, 1)
            _check(case, name, values, {channel.name for channel in resolved.channels})
            readings += [
                Reading(name, _moment(start, at + n * every), dict(values)) for n in range(count)
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


def _check(case: RuleCase, device: str, values: object, channels: set[str]) -> None:
    if values == "missing":
        return
    if not isinstance(values, dict) or not values.keys() <= channels:
        known = ", ".join(sorted(channels))
        raise ConfigError((f"case {case.name!r}: {device} is a table of {known}, or 'missing'",))


def _moment(start: int, seconds: float) -> Moment:
    uptime = round(seconds * 1e6)
    return Moment(start + uptime, uptime, trusted=True)
