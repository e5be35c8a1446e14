"""The instructions that a running simulation takes, one line at a time.

set air.temperature 31            hold an input at a value
release air.temperature           let its signal decide again
fault air unplug for 30s          begin a fault: the kinds and keys of a scenario
repair air                        end the faults of a device
show                              list inputs and faults
help

Parsing only: `simulators.execution` carries instructions out.
"""

import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from simulators.fault_kinds import FAULTS, faults_of
from simulators.injection import Target
from simulators.model import Model, Range
from simulators.scenario import PlannedFault
from simulators.surroundings import two_valued
from simulators.tables import Tables, seconds, unknown

HELP = """\
set DEVICE.INPUT VALUE      hold an input at a value: set air.temperature 31
release DEVICE[.INPUT]      let the scenario decide again: release air.temperature
fault DEVICE KIND [for DURATION] [KEY=VALUE ...]
                            begin a fault: fault air unplug for 30s
repair DEVICE               end the faults of a device: repair air
show [DEVICE]               list inputs and faults
help                        list the commands
An I2C bus can have faults too: fault i2c-1 stuck_bus for 10s"""
SWITCH = {"on": 1.0, "off": 0.0}
HIDDEN = {"clock", "address", "kind", "at"}  # parameters of a fault that are not keys
I2C_BUS = re.compile(r"i2c-(\d{1,3})")


class ControlError(ValueError):
    """A line that cannot be carried out; the message says what to write instead."""


class SetInput(NamedTuple):
    """Hold an input at a value, in the channel's unit."""

    device: str
    channel: str
    value: float


class ReleaseInputs(NamedTuple):
    """Let the signals of these inputs decide again."""

    device: str
    channels: tuple[str, ...]


class BeginFault(NamedTuple):
    """Begin a fault now; its arguments hold no `at`."""

    fault: PlannedFault


class RepairTarget(NamedTuple):
    """End the faults of a device or of a bus."""

    target: Target


class ShowState(NamedTuple):
    """List the inputs and faults of these devices."""

    devices: tuple[str, ...]


class ShowHelp(NamedTuple):
    """List the commands."""


Instruction: TypeAlias = SetInput | ReleaseInputs | BeginFault | RepairTarget | ShowState | ShowHelp
Devices: TypeAlias = Mapping[str, type[Model]]


def parse(line: str, devices: Devices, buses: Collection[int]) -> Instruction:
    """Return what a line asks for; raise ControlError."""
    verb, *words = line.split() or [""]
    if not "".join([verb, *words]).isprintable():
        raise ControlError("a line holds printable characters only")
    parser = VERBS.get(verb)
    if parser is None:
        raise ControlError(f"{verb!r}: {unknown(verb, VERBS)}")
    return parser(words, devices, buses)


def target_name(target: Target) -> str:
    """Return a device or a bus as an instruction names it."""
    return target if isinstance(target, str) else f"i2c-{target}"


def _set(words: Sequence[str], devices: Devices, _buses: Collection[int]) -> SetInput:
    name, text = _words(words, 2, "set DEVICE.INPUT VALUE", "set air.temperature 31")
    device, channel = _input(name, devices)
    return SetInput(device, channel, _value(name, text, devices[device].inputs[channel]))


def _release(words: Sequence[str], devices: Devices, _buses: Collection[int]) -> ReleaseInputs:
    (name,) = _words(words, 1, "release DEVICE.INPUT", "release air.temperature")
    if name in devices:
        return ReleaseInputs(name, tuple(devices[name].inputs))
    device, channel = _input(name, devices)
    return ReleaseInputs(device, (channel,))


def _fault(words: Sequence[str], devices: Devices, buses: Collection[int]) -> BeginFault:
    if not words:
        _words(words, 2, "fault DEVICE KIND [for DURATION]", "fault air unplug for 30s")
    target, kinds = _target(words[0], devices, buses)
    if not kinds:
        raise ControlError(f"{words[0]}: no faults are known for a {devices[words[0]].__name__}")
    if len(words) == 1:
        raise ControlError(f"{words[0]}: fault: write one of {', '.join(sorted(kinds))}")
    kind = words[1]
    if kind not in kinds:
        raise ControlError(f"{words[0]}: fault {kind!r}: {unknown(kind, kinds)}")
    arguments = _arguments(kind, kinds[kind], words[2:])
    place: dict[str, Any] = {"device" if isinstance(target, str) else "bus": target}
    return BeginFault(PlannedFault(kind, arguments, **place))


def _repair(words: Sequence[str], devices: Devices, buses: Collection[int]) -> RepairTarget:
    (name,) = _words(words, 1, "repair DEVICE", "repair air")
    return RepairTarget(_target(name, devices, buses)[0])


def _show(words: Sequence[str], devices: Devices, _buses: Collection[int]) -> ShowState:
    if not words:
        return ShowState(tuple(devices))
    (name,) = _words(words, 1, "show [DEVICE]", "show air")
    return ShowState((_device(name, devices),))


def _help(_words: Sequence[str], _devices: Devices, _buses: Collection[int]) -> ShowHelp:
    return ShowHelp()


VERBS: Mapping[str, Callable[[Sequence[str], Devices, Collection[int]], Instruction]] = {
    "set": _set,
    "release": _release,
    "fault": _fault,
    "repair": _repair,
    "show": _show,
    "help": _help,
}


def _words(words: Sequence[str], count: int, form: str, example: str) -> Sequence[str]:
    if len(words) != count:
        raise ControlError(f"wanted: {form}, such as: {example}")
    return words


def _device(name: str, devices: Devices) -> str:
    if name not in devices:
        raise ControlError(f"device {name!r}: {unknown(name, devices)}")
    return name


def _input(name: str, devices: Devices) -> tuple[str, str]:
    device, _, channel = name.partition(".")
    inputs = devices[_device(device, devices)].inputs
    if not inputs:
        raise ControlError(f"{device}: a {devices[device].__name__} has no inputs")
    if not channel:
        raise ControlError(f"{device}: write {' or '.join(f'{device}.{each}' for each in inputs)}")
    if channel not in inputs:
        raise ControlError(f"{device}: input {channel!r}: {unknown(channel, inputs)}")
    return device, channel


def _value(name: str, text: str, span: Range) -> float:
    try:
        value = SWITCH[text] if two_valued(span) and text in SWITCH else float(text)
    except ValueError:
        value = math.nan
    if two_valued(span):
        if value not in {span.low, span.high}:
            raise ControlError(f"{name}: {text!r}: wanted: {span.low:g} or {span.high:g}")
    elif not span.low <= value <= span.high:
        wanted = f"a number from {span.low:g} to {span.high:g}"
        raise ControlError(f"{name}: {text!r}: wanted: {wanted}")
    return value


def _target(
    name: str, devices: Devices, buses: Collection[int]
) -> tuple[Target, Mapping[str, Callable[..., object]]]:
    """Return a device or a bus, with the faults that it can have."""
    if name in devices:
        return name, faults_of(devices[name])
    bus = I2C_BUS.fullmatch(name)
    if bus and int(bus[1]) in buses:
        return int(bus[1]), FAULTS
    known = [*devices, *map(target_name, sorted(buses))]
    raise ControlError(f"device {name!r}: {unknown(name, known)}")


def _arguments(kind: str, make: Callable[..., object], words: Sequence[str]) -> Mapping[str, Any]:
    table = _duration(kind, make, words)
    for word in words[2 * bool(table) :]:
        key, equals, text = word.partition("=")
        if not equals:
            raise ControlError(f"{kind}: {word!r}: wanted: KEY=VALUE or: for DURATION")
        table[key] = _literal(text)
    tables = Tables(Path("fault"))
    arguments = tables.arguments(make, table, kind, beside=(), hidden=HIDDEN)
    if arguments is None:
        raise ControlError("; ".join(tables.problems))
    return arguments


def _duration(kind: str, make: Callable[..., object], words: Sequence[str]) -> dict[str, Any]:
    """Return `lasts`, if the words begin with "for DURATION"."""
    if words[:1] != ["for"]:
        return {}
    if "lasts" not in signature(make).parameters:
        raise ControlError(f"{kind}: takes no duration; write it without `for`")
    try:
        return {"lasts": seconds("".join(words[1:2]))}
    except ValueError:
        what = " ".join(words[:2])
        raise ControlError(f"{kind}: {what!r}: wanted: for DURATION, such as: for 30s") from None


def _literal(text: str) -> Any:  # noqa: ANN401 - any value that a key takes
    try:
        return json.loads(text)
    except ValueError:
        return text
