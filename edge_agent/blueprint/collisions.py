"""Collisions: names that are used twice, pins and addresses that two devices claim."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from drivers.base.driver import DriverClass, shares_chip
from edge_agent.acquire.hardware import Place
from edge_agent.blueprint.devices import ResolvedDevice, ResolvedOutput
from edge_agent.blueprint.places import SPOTS, further_pins
from edge_agent.config.config import Config
from edge_agent.evaluate.outputs.unsafe_outputs import reports_output
from edge_agent.problems import Problems

Placed: TypeAlias = ResolvedDevice | ResolvedOutput


def note_collisions(config: Config, resolved: Iterable[Placed], problems: Problems) -> None:
    """Note names that are used twice, and places that are used twice."""
    for kind, entries in (("device", config.device), ("output", config.output)):
        _note_twice(kind, (entry.name for entry in entries), problems)
    for rule in filter(lambda one: reports_output(one.name), config.rule):
        what = "names that begin with output- are those of outputs' own alerts; choose another"
        problems.note(f"rule.{rule.name}.name", rule.name, what)
    _note_twice("rule", (rule.name for rule in config.rule), problems)
    taken: dict[Place, str] = {}
    for one in resolved:
        for place in _places(one):
            name = taken.setdefault(place, one.name)
            if name != one.name:
                what = f"{name!r} is connected there already; choose another"
                problems.note(_key(one), _spot(place), what)
    _note_shared_addresses(resolved, problems)


def _places(one: Placed) -> Iterator[Place]:
    yield one.place
    for pin in further_pins(one.driver, one.options):
        yield one.place._replace(pin=pin)


def _note_shared_addresses(resolved: Iterable[Placed], problems: Problems) -> None:
    """Note an address that two chips claim; the pins of one expander share it."""
    chips: dict[Place, Placed] = {}
    for one in resolved:
        if one.place.kind != "i2c":
            continue
        first = chips.setdefault(one.place._replace(pin=-1), one)
        if first.place != one.place and not _of_one_chip(first.driver, one.driver):
            what = f"{first.name!r} uses this chip for something else; choose another"
            problems.note(_key(one), str(one.place), what)


def _of_one_chip(first: DriverClass, second: DriverClass) -> bool:
    """Return whether two drivers can share a chip: never the inputs and outputs of a PCF8574."""
    if first is second:
        return True
    return first.__module__ == second.__module__ and shares_chip(first) and shares_chip(second)


def _spot(place: Place) -> object:
    """Return what the configuration says of a place, as far as one key says it."""
    spots = {"gpio": place.pin, "w1": place.id, "serial": place.id}
    return spots.get(place.kind, str(place))


def _key(one: Placed) -> str:
    table = "device" if isinstance(one, ResolvedDevice) else "output"
    return f"{table}.{one.name}.{(*SPOTS[one.place.kind], 'name')[0]}"


def _note_twice(kind: str, names: Iterator[str], problems: Problems) -> None:
    counts = Counter(names)
    for name, count in counts.items():
        if count > 1:
            problems.note(f"{kind}.{name}.name", name, f"used {count} times; choose another name")
    first: dict[str, str] = {}
    for name in counts:
        if first.setdefault(name.casefold(), name) != name:
            what = f"differs from {first[name.casefold()]!r} in case only; choose another name"
            problems.note(f"{kind}.{name}.name", name, what)
