"""Devices and outputs: which driver, where it is connected, with which options and channels."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from drivers.base.channel import Channel
from drivers.base.driver import Driver, Output, Totalling
from edge_agent.acquire.catalog import Catalog, convert_options
from edge_agent.acquire.hardware import Hardware, Place, RealHardware, port
from edge_agent.blueprint.places import SPOTS, further_pins, resolve_place
from edge_agent.blueprint.plans import device_plan, output_guard
from edge_agent.config.config import Config
from edge_agent.config.device import DeviceSettings
from edge_agent.config.output import OutputSettings
from edge_agent.errors import ConfigError
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.problems import Problems, unknown


class ResolvedDevice(NamedTuple):
    """A sensor as configured; `channels` are those that its options leave."""

    settings: DeviceSettings
    driver: type[Any]
    place: Place
    options: dict[str, Any]
    channels: tuple[Channel, ...]

    @property
    def name(self) -> str:
        """The device's name in the configuration."""
        return self.settings.name

    @property
    def plan(self) -> DevicePlan:
        """How its readings are corrected, checked and thinned."""
        return device_plan(self.settings, self.channels)

    def build(self, hardware: Hardware) -> Driver:
        """Return the driver, connected; raise a `DriverError` where its bus is not there."""
        driver: Driver = self.driver(port(hardware, self.place, self.name), **self.options)
        return driver


class ResolvedOutput(NamedTuple):
    """An output as configured."""

    settings: OutputSettings
    driver: type[Any]
    place: Place
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """The output's name in the configuration."""
        return self.settings.name

    @property
    def guard(self) -> Guard:
        """The limits that it must keep to."""
        return output_guard(self.settings)

    def build(self, hardware: Hardware) -> Output:
        """Return the driver, connected but not switched yet; one of an expander knows its pin."""
        pin = (self.place.pin,) if self.place.kind == "i2c" else ()
        connected = port(hardware, self.place, self.name)
        driver: Output = self.driver(connected, *pin, **self.options)
        return driver


class Unconnected(RealHardware):
    """No hardware: enough to construct a driver and ask for its channels."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"))

    def i2c(self, number: int) -> Any:  # noqa: ANN401
        """Return nothing: constructors do not transfer."""

    def spi(self, bus: int, select: int) -> Any:  # noqa: ANN401
        """Return nothing."""

    def serial(self, path: str) -> Any:  # noqa: ANN401
        """Return nothing."""

    def pins(self) -> None:
        """Return nothing: constructors do not ask for a pin."""


class DeviceResolver:
    """Draws device after device, and notes every problem on the way."""

    def __init__(self, catalog: Catalog, problems: Problems) -> None:
        self._catalog = catalog
        self._problems = problems

    def devices(self, settings: Iterable[DeviceSettings]) -> tuple[ResolvedDevice, ...]:
        """Return the devices that have no problems."""
        resolved = (self._device(one, f"device.{one.name}.") for one in settings)
        return tuple(one for one in resolved if one is not None)

    def outputs(self, settings: Iterable[OutputSettings]) -> tuple[ResolvedOutput, ...]:
        """Return the outputs that have no problems."""
        resolved = (self._output(one, f"output.{one.name}.") for one in settings)
        return tuple(one for one in resolved if one is not None)

    def _device(self, settings: DeviceSettings, where: str) -> ResolvedDevice | None:
        driver = self._driver(
            settings.driver, where, "measure", "an output: write it as [[output]]"
        )
        if driver is None:
            return None
        options = self._options(driver, settings, where)
        place = resolve_place(driver, settings, where, self._problems)
        if place is None or options is None:
            return None
        return self._constructed(ResolvedDevice(settings, driver, place, options, ()), where)

    def _constructed(self, device: ResolvedDevice, where: str) -> ResolvedDevice | None:
        """Ask an unconnected driver for its channels: options may choose among them."""
        try:
            channels = device.build(Unconnected()).channels
        except ValueError as error:
            self._problems.add(f"{where}{error}")
            return None
        if issubclass(device.driver, Totalling):
            self._note_converted(device.settings, where)
        names = [channel.name for channel in channels]
        for name in device.settings.channel.keys() - set(names):
            self._problems.add(f"{where}channel.{name}: {unknown(name, names)}")
        return device._replace(channels=channels)

    def _note_converted(self, settings: DeviceSettings, where: str) -> None:
        """Note a total that would be converted: after a restart it could not go on."""
        for name, channel in settings.channel.items():
            if (channel.scale, channel.offset, channel.polynomial) != (1.0, 0.0, ()):
                what = "a counter's channels are not converted; use `per_pulse`"
                self._problems.add(f"{where}channel.{name}: {what}")

    def _output(self, settings: OutputSettings, where: str) -> ResolvedOutput | None:
        driver = self._driver(settings.driver, where, "apply", "a sensor: write it as [[device]]")
        options = self._options(driver, settings, where) if driver else None
        if driver is None or options is None:
            return None
        place = resolve_place(driver, settings, where, self._problems)
        return place and self._assembled(ResolvedOutput(settings, driver, place, options), where)

    def _assembled(self, output: ResolvedOutput, where: str) -> ResolvedOutput | None:
        """Build an unconnected driver: what its options cannot be together shows here."""
        try:
            output.build(Unconnected())
        except ValueError as error:
            self._problems.add(f"{where}{error}")
            return None
        return output

    def _driver(self, name: str, where: str, method: str, otherwise: str) -> type[Any] | None:
        try:
            driver = self._catalog.load(name)
        except ConfigError as error:
            self._problems.add(where + error.problems[0])
            return None
        if not hasattr(driver, method):
            self._problems.note(f"{where}driver", name, f"{name} is {otherwise}")
            return None
        return driver

    def _options(
        self, driver: type[Any], settings: DeviceSettings | OutputSettings, where: str
    ) -> dict[str, Any] | None:
        keys = set(type(settings).__struct_fields__) - {"options"}
        options, lines = convert_options(driver, settings.options, keys=keys)
        for line in lines:
            self._problems.add(where + line)
        return None if lines else options


def note_collisions(
    config: Config, resolved: Iterable[ResolvedDevice | ResolvedOutput], problems: Problems
) -> None:
    """Note names that are used twice, and places where two are connected."""
    for kind, entries in (("device", config.device), ("output", config.output)):
        _note_twice(kind, (entry.name for entry in entries), problems)
    _note_twice("rule", (rule.name for rule in config.rule), problems)
    taken: dict[Place, str] = {}
    for one in resolved:
        for place in _places(one):
            name = taken.setdefault(place, one.name)
            if name != one.name:
                what = f"{name!r} is connected there already; choose another"
                problems.note(_key(one), str(place), what)
    _note_strangers(resolved, problems)


def _places(one: ResolvedDevice | ResolvedOutput) -> Iterator[Place]:
    yield one.place
    for pin in further_pins(one.driver, one.options):
        yield one.place._replace(pin=pin)


def _note_strangers(
    resolved: Iterable[ResolvedDevice | ResolvedOutput], problems: Problems
) -> None:
    """Note an address at which two chips are configured; one expander may have many pins."""
    chips: dict[Place, ResolvedDevice | ResolvedOutput] = {}
    for one in resolved:
        if one.place.kind != "i2c":
            continue
        first = chips.setdefault(one.place._replace(pin=-1), one)
        if first.place != one.place and not _of_one_chip(first.driver, one.driver):
            what = f"{first.name!r} uses this chip for something else; choose another"
            problems.note(_key(one), str(one.place), what)


def _of_one_chip(first: type[Any], second: type[Any]) -> bool:
    """Tell whether two drivers can share a chip: a PCF8574's inputs share it with nobody."""
    if first is second:
        return True
    alone = getattr(first, "alone", False) or getattr(second, "alone", False)
    return first.__module__ == second.__module__ and not alone


def _key(one: ResolvedDevice | ResolvedOutput) -> str:
    table = "device" if isinstance(one, ResolvedDevice) else "output"
    return f"{table}.{one.name}.{(*SPOTS[one.place.kind], 'name')[0]}"


def _note_twice(kind: str, names: Iterator[str], problems: Problems) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            problems.note(f"{kind}.{name}.name", name, f"used {count} times; choose another name")
