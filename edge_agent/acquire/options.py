"""The options of drivers: the keyword-only parameters of their constructors."""

import dataclasses
import difflib
import inspect
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from drivers.base.channel import UNITS
from drivers.base.driver import DriverClass
from drivers.base.members import Compensated
from edge_agent.toml_text import shown
from edge_agent.units import SWITCHES, Duration

EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
LARGEST = 2.0**63  # TOML has no whole number from here on
NO_WORDS: Mapping[str, str] = {}


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

    def unfit(self, value: object) -> str:
        """Return what is wanted in place of a value, and what it may mean; "" if it fits."""
        if any(True for _ in self._fitting([value])):
            return ""
        meant = next((f"write {shown(one)}; " for one in self._fitting(_meanings(value))), "")
        return f"{meant}wanted: {self.expected}"

    def _fitting(self, values: Iterable[object]) -> Iterator[Any]:
        for one in values:
            with suppress(ValueError):
                yield self.convert(one)

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
    `words` say what to do with other words for them.
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
            meant = _other_key(key, value, words) or nearest(key, [*known, *keys])
            what = f"unknown; {meant}its options: {', '.join(known) or 'none'}"
            problems.append(f"{key} = {shown(value)}: {what}")
        elif what := known[key].unfit(value):
            problems.append(f"{key} = {shown(value)}: {what}")
        else:
            values[key] = known[key].convert(value)
    return values, problems


def _other_key(key: str, value: object, words: Mapping[str, str]) -> str:
    if isinstance(value, dict) and "channel" in value:
        return "leave the device's name out, as in [device.channel.temperature]; "
    if key in UNITS:
        return f"for a channel write [device.channel.{key}]; "
    return f"{words[key]}; " if key in words else ""


def _meanings(value: object) -> Iterator[object]:
    if isinstance(value, list):
        yield [one.lower() if isinstance(one, str) else one for one in value]
        return
    yield [value]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        yield int(value)
    text = value.strip().lower() if isinstance(value, str) else f"{value:.12g}"
    yield text
    yield [text]
    if text in SWITCHES:
        yield SWITCHES[text]
    if isinstance(value, str):
        with suppress(ValueError):
            yield float(Duration.parse(text))  # options are in seconds


def nearest(name: str, names: Iterable[str], likeness: float = 0.6) -> str:
    """Return the question whether a name was meant that is like this one, or ""."""
    near = difflib.get_close_matches(name.lower(), names, 1, likeness)
    return f"did you mean {near[0]!r}? " if near else ""


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
    return ", ".join(map(shown, values))
