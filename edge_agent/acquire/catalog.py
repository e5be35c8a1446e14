"""Which drivers and models are installed, and which options their constructors take.

Ours and those of other packages are found the same way, by entry points; a module is imported only
when its name is asked for.
"""

import dataclasses
import difflib
import inspect
import json
import math
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import SimpleNamespace
from typing import (
    Any,
    Generic,
    Literal,
    NamedTuple,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import msgspec

from drivers.base.driver import DriverClass
from drivers.base.members import Compensated
from edge_agent.errors import ConfigError

Class = TypeVar("Class", bound=type)
NOUNS = {"edge_agent.drivers": "driver", "edge_agent.simulators": "simulated driver"}
EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}

NO_WORDS: Mapping[str, str] = {}
ALIKE = 0.75  # chips with less similar names are of different kinds
OTHER_NAMES = {  # that are no driver's, and what to write instead
    **dict.fromkeys(("am2301", "am2302", "am2303", "dht21", "rht03"), 'write driver = "dht22"; '),
    **dict.fromkeys(("gps", "gpsd", "neo6m", "neo-6m", "ublox"), 'write driver = "nmea"; '),
}


class Catalog(Generic[Class]):
    """The classes of one group by name: drivers, or the models that simulate their chips."""

    @overload
    def __init__(
        self: "Catalog[DriverClass]",
        group: Literal["edge_agent.drivers"],
        entries: Iterable[EntryPoint] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: "Catalog[type]",
        group: Literal["edge_agent.simulators"],
        entries: Iterable[EntryPoint] | None = None,
    ) -> None: ...

    def __init__(self, group: str, entries: Iterable[EntryPoint] | None = None) -> None:
        """`entries` default to those of all installed packages."""
        self._noun = NOUNS[group]
        self._entries = tuple(entry_points(group=group) if entries is None else entries)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, without importing anything."""
        return tuple(sorted({entry.name for entry in self._entries}))

    def load(self, name: str) -> Class:
        """Import and return the class; raise ConfigError unless exactly one can be."""
        entry = self._entry(name)
        try:
            loaded: Class = entry.load()
        except Exception as error:
            raise _problem(
                name,
                f"package {_package(entry)} cannot be imported: {error!r};"
                " reinstall it, or report this to its author",
            ) from error
        return loaded

    def load_all(self) -> tuple[dict[str, Class], list[str]]:
        """Import every class that can be imported; return them by name, and why others cannot."""
        loaded: dict[str, Class] = {}
        problems: list[str] = []
        for name in self.names:
            try:
                loaded[name] = self.load(name)
            except ConfigError as error:
                problems += error.problems
        return loaded, problems

    def _entry(self, name: str) -> EntryPoint:
        found = [entry for entry in self._entries if entry.name == name]
        if not found:
            meant = OTHER_NAMES.get(name.casefold()) or _meant(name, self.names, ALIKE)
            rest = f"known: {', '.join(self.names)}" if not meant else "all: `edge-agent drivers`"
            raise _problem(name, f"unknown {self._noun}; {meant}{rest}")
        if len(found) > 1:
            packages = " and ".join(_package(entry) for entry in found)
            raise _problem(name, f"offered by packages {packages}; uninstall all but one")
        return found[0]


class Option(NamedTuple):
    """A keyword-only parameter of a driver's constructor; `kind` is its annotation.

    `quantity`: what the channel that it names measures; `common`: the option in its place.
    """

    name: str
    kind: Any
    default: Any = inspect.Parameter.empty
    quantity: str = ""
    common: str = ""

    @property
    def required(self) -> bool:
        """Whether the driver has no default for it."""
        return self.default is inspect.Parameter.empty

    @property
    def expected(self) -> str:
        """What it takes, in words."""
        if self.quantity:
            return f"a channel of another device, such as attic.{self.quantity}"
        if get_origin(self.kind) in {Literal, tuple}:
            return _expected(self.kind)
        given = [kind for kind in get_args(self.kind) or (self.kind,) if kind is not type(None)]
        return " or ".join(map(_expected, given))

    def convert(self, value: object) -> Any:  # noqa: ANN401
        """Return a TOML value as the driver takes it; raise ValueError for any other."""
        converted = msgspec.convert(value, self.kind)
        if not _known_keys(self.kind, value):
            raise ValueError(value)
        if isinstance(converted, float) and not math.isfinite(converted):
            raise ValueError(value)
        return converted


def options(driver: DriverClass) -> tuple[Option, ...]:
    """Return the options of a driver's class, as its constructor declares them."""
    parameters = [
        parameter
        for parameter in inspect.signature(driver).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    # Only theirs: the port's annotation may exist for type checkers only.
    annotations = SimpleNamespace(__annotations__={p.name: p.annotation for p in parameters})
    kinds = get_type_hints(annotations, vars(inspect.getmodule(driver)))
    named: Mapping[str, str] = driver.compensations if isinstance(driver, Compensated) else {}
    return tuple(
        Option(p.name, kinds[p.name], p.default, named.get(p.name, ""), _common(p.name, kinds))
        for p in parameters
    )


def _common(name: str, names: Iterable[str]) -> str:
    """Return `oversampling` for `pressure_oversampling` if both are options."""
    _, _, common = name.partition("_")
    return common if common in names else ""


def convert_options(
    driver: DriverClass,
    given: Mapping[str, object],
    *,
    keys: Iterable[str] = (),
    words: Mapping[str, str] = NO_WORDS,
) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments for the constructor, and one line for each problem.

    `keys` are the configuration's own keys of a device: an unknown key may be a misspelling of one.
    `words` are other names of them.
    """
    known = {option.name: option for option in options(driver)}
    values: dict[str, Any] = {}
    problems = [
        f"{option.name}: missing; wanted: {option.expected}"
        for option in known.values()
        if option.required and option.name not in given
    ]
    for key, value in given.items():
        if key not in known:
            theirs = f"options of {driver.__name__}: {', '.join(known) or 'none'}"
            meant = f"write {words[key]}; " if key in words else _meant(key, [*known, *keys])
            problems.append(f"{key} = {_toml(value)}: unknown; {meant}{theirs}")
            continue
        try:
            values[key] = known[key].convert(value)
        except ValueError:
            problems.append(f"{key} = {_toml(value)}: wanted: {known[key].expected}")
    return values, problems


def _meant(name: str, names: Iterable[str], likeness: float = 0.6) -> str:
    near = difflib.get_close_matches(name.lower(), names, 1, likeness)
    return f"did you mean {near[0]!r}? " if near else ""


def _problem(name: str, what: str) -> ConfigError:
    return ConfigError((f"driver = {_toml(name)}: {what}",))


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _expected(kind: object) -> str:
    """Return in words what a parameter of this kind takes."""
    if get_origin(kind) is Literal:
        return "one of " + _listed(get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of " + _expected_items(get_args(kind)[0])
    return EXPECTED.get(kind, str(kind)) if isinstance(kind, type) else str(kind)


def _known_keys(kind: Any, value: Any) -> bool:  # noqa: ANN401
    """Return whether a list of tables has only keys that its kind has; anything else has none."""
    item = get_args(kind)[0] if get_origin(kind) is tuple else None
    if not dataclasses.is_dataclass(item):
        return True
    names = {one.name for one in dataclasses.fields(item)}
    return all(table.keys() <= names for table in value)


def _expected_items(kind: object) -> str:
    """Return in words what a list takes: one of some values, text, or tables."""
    if not isinstance(kind, type):
        return _listed(get_args(kind))
    if not dataclasses.is_dataclass(kind):
        return EXPECTED.get(kind, str(kind))
    required = [one.name for one in dataclasses.fields(kind) if one.default is dataclasses.MISSING]
    further = [one.name for one in dataclasses.fields(kind) if one.name not in required]
    return f"tables with {', '.join(required)}; they may have {', '.join(further)}"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(_toml, values))


def _toml(value: object) -> str:
    """Return the value nearly as TOML writes it, cut to a line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"
