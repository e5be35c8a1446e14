"""Scenarios: the signals and faults of simulated hardware over time, read from TOML.

seed = 7
[signal."air.temperature"]        # a device of the configuration and its channel
kind = "daily"                    # of SIGNALS; the other keys are its arguments
mean = 20
swing = 6
noise = 0.5                       # optional: a random walk on top; several [[…]] are added up
[[fault]]
kind = "unplug"                   # of FAULTS
device = "air"                    # or bus = 1
at = "45s"
lasts = "10s"
"""

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from simulators import signals
from simulators.fault_kinds import FAULTS, faults_of
from simulators.model import Model
from simulators.signals import Signal, Sum, Walk
from simulators.surroundings import Surroundings, default_signal, seed_of
from simulators.tables import Tables, unknown
from simulators.text_file import text_of

SIGNALS: dict[str, Callable[..., Signal]] = {
    "constant": signals.Constant,
    "daily": signals.daily,
    "pulses": signals.Pulses,
    "ramp": signals.Ramp,
    "replay": signals.replay,
    "sine": signals.Sine,
    "step": signals.Step,
    "walk": signals.Walk,
}


class ScenarioError(ValueError):
    """The scenario cannot be used; `problems` has a line for each reason."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault of a device, or of a whole bus, and the arguments for its constructor."""

    kind: str
    arguments: Mapping[str, Any]
    device: str = ""
    bus: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Signals by `device.channel`, and faults; an input without a signal gets a default one."""

    seed: int = 0
    signals: Mapping[str, Signal] = field(default_factory=dict)
    faults: tuple[PlannedFault, ...] = ()

    def surroundings(
        self, device: str, model: type[Model], now: Callable[[], float]
    ) -> Surroundings:
        """Return the inputs of a device; `now` returns the seconds since the scenario began."""
        return Surroundings({each: self._signal(device, each, model) for each in model.inputs}, now)

    def _signal(self, device: str, channel: str, model: type[Model]) -> Signal:
        name = f"{device}.{channel}"
        if name in self.signals:
            return self.signals[name]
        return default_signal(model.inputs[channel], model.quiet[channel], seed_of(self.seed, name))


def load(path: Path, devices: Mapping[str, type[Model]]) -> Scenario:
    """Read a scenario for the configuration's devices; raise ScenarioError with all problems."""
    reader = _Reader(path, devices)
    scenario = reader.scenario(_parse(path))
    if reader.problems:
        raise ScenarioError(tuple(reader.problems))
    return scenario


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text_of(path))
    except FileNotFoundError:
        what = "no such file; start from examples/greenhouse.scenario.toml"
    except PermissionError as error:
        what = f"{error.strerror}; make it readable for this user"
    except OSError as error:
        what = f"{error.strerror}; name a text file"
    except UnicodeDecodeError as error:
        what = f"not UTF-8 at byte {error.start}; save it as UTF-8"
    except RecursionError:
        what = "nested too deeply; write [tables]"
    except tomllib.TOMLDecodeError as error:
        what = f"not TOML: {error}; see https://toml.io"
    raise ScenarioError((f"{path}: {what}",))


class _Reader(Tables):
    """Turns the tables of a file into a scenario, and notes every problem."""

    def __init__(self, file: Path, devices: Mapping[str, type[Model]]) -> None:
        super().__init__(file)
        self._devices = devices
        self._seed = 0

    def scenario(self, tables: Mapping[str, Any]) -> Scenario:
        """Return the scenario, without the entries that have problems."""
        self.check_names(tables, ("seed", "signal", "fault"), "")
        self._seed = self.convert(int, tables.get("seed", 0), "seed") or 0
        return Scenario(
            self._seed,
            self._signals(tables.get("signal", {})),
            self._faults(tables.get("fault", [])),
        )

    def _signals(self, tables: object) -> dict[str, Signal]:
        if not isinstance(tables, dict):
            self.note("signal", 'wanted: [signal."device.channel"]', tables)
            return {}
        return {
            name: Sum(tuple(filter(None, self._parts(name, given))))
            for name, given in tables.items()
            if self._is_channel(name)
        }

    def _is_channel(self, name: str) -> bool:
        device, dot, channel = name.partition(".")
        model = self._devices.get(device)
        if model is None:
            self.note(f"signal.{name}", unknown(device, self._devices))
        elif not dot:
            channels = " or ".join(f'[signal."{device}.{each}"]' for each in model.inputs)
            self.note(f"signal.{name}", f"no channel; write {channels}, with the quotes")
        elif channel not in model.inputs:
            self.note(f"signal.{name}", unknown(channel, model.inputs))
        else:
            return True
        return False

    def _parts(self, name: str, given: object) -> Iterator[Signal | None]:
        """Yield the parts of a signal: it is their sum, also of a single table."""
        where = f"signal.{name}"
        for number, table in enumerate(given if isinstance(given, list) else [given]):
            if not isinstance(table, dict):
                self.note(where, f'wanted: a table: write [signal."{name}"]', given)
                return
            noise = self.convert(float, table.get("noise", 0), f"{where}.noise")
            seed = seed_of(self._seed, f"{name} {number}")
            yield self._signal(table, where, seed)
            yield Walk(0, noise, seed=seed + 1) if noise else None

    def _signal(self, table: Mapping[str, Any], where: str, seed: int) -> Signal | None:
        kind = self._kind(table, SIGNALS, where)
        make = partial(Walk, seed=seed) if kind == "walk" else SIGNALS.get(kind)
        return self.build(make, table, where, {"kind", "noise"}) if make else None

    def _kind(self, table: Mapping[str, Any], kinds: Collection[str], where: str) -> str:
        kind = table.get("kind")
        if kind is None:
            self.note(f"{where}.kind", f"missing; wanted: one of {', '.join(sorted(kinds))}")
        elif kind not in list(kinds):
            self.note(f"{where}.kind", unknown(str(kind), kinds), kind)
        else:
            return str(kind)
        return ""

    def _faults(self, tables: object) -> tuple[PlannedFault, ...]:
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self.note("fault", "wanted: a list of tables: write [[fault]]", tables)
            return ()
        found = [self._fault(table, f"fault.{n}") for n, table in enumerate(tables, 1)]
        return tuple(fault for fault in found if fault is not None)

    def _fault(self, table: Mapping[str, Any], where: str) -> PlannedFault | None:
        place: dict[str, Any] = {key: table[key] for key in ("device", "bus") if key in table}
        if len(place) != 1:
            self.note(where, 'wanted: a device = "…" or a bus = 1, and not both')
            return None
        kinds = self._kinds(place, where)
        kind = self._kind(table, kinds, where) if kinds else ""
        if not kind:
            return None
        arguments = self.arguments(
            kinds[kind],
            table,
            where,
            beside={"kind", *place},
            hidden={"clock", "address", "kind"},
        )
        return None if arguments is None else PlannedFault(kind, arguments, **place)

    def _kinds(self, place: Mapping[str, Any], where: str) -> Mapping[str, Callable[..., object]]:
        """Return the faults that a place can have; note why if there are none."""
        if "bus" in place:
            return FAULTS if self.convert(int, place["bus"], f"{where}.bus") is not None else {}
        device = str(place["device"])
        model = self._devices.get(device)
        if model is None:
            self.note(f"{where}.device", unknown(device, self._devices), device)
            return {}
        faults = faults_of(model)
        if not faults:
            self.note(f"{where}.device", f"no faults are known for a {model.__name__}", device)
        return faults
