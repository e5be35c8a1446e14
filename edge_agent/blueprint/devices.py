"""Devices and outputs: which driver, where it is connected, with which options and channels."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard, TypeVar

from drivers.base.channel import Channel
from drivers.base.driver import (
    Driver,
    DriverClass,
    Output,
    is_output,
    is_sensor,
)
from drivers.base.members import Calibrating, Continuous, Totalling
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.compensation import CompensationSource
from edge_agent.acquire.hardware import Hardware, Place, RealHardware
from edge_agent.acquire.options import convert_options
from edge_agent.acquire.ports import port
from edge_agent.blueprint.places import resolve_place
from edge_agent.blueprint.plans import device_plan, output_guard, published
from edge_agent.config.device import ChannelSettings, DeviceSettings
from edge_agent.config.output import OutputSettings
from edge_agent.config.words import instead
from edge_agent.errors import ConfigError
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.problems import Problems, unknown

OF_AN_OPTION = re.compile(r"(\w+)(?: is [^,:]*)?: (wanted .*)")  # what drivers say of a value
AN_OUTPUT = "an output: write it as [[output]]"
A_SENSOR = "a sensor: write it as [[device]]"

Kind = TypeVar("Kind", bound=DriverClass)
Built = TypeVar("Built", bound=Driver | Output)


class ResolvedDevice(NamedTuple):
    """A sensor as configured; `channels` are those that its options select.

    `sources` are the channels of others that it computes with.
    """

    settings: DeviceSettings
    driver: type[Driver]
    place: Place
    options: dict[str, Any]
    channels: tuple[Channel, ...]
    sources: tuple[CompensationSource, ...] = ()

    @property
    def name(self) -> str:
        """The device's name in the configuration."""
        return self.settings.name

    @property
    def plan(self) -> DevicePlan:
        """How its readings are corrected, checked and thinned out."""
        return device_plan(self.settings, self.channels)

    @property
    def calibrates(self) -> tuple[float, float] | None:
        """The lowest and the highest value that a command calibrates it to; None if none does."""
        return self.driver.calibrates if isinstance(self.driver, Calibrating) else None

    def build(self, hardware: Hardware) -> Driver:
        """Return the driver, connected; raise DriverError if its bus is missing."""
        return self.built_on(port(hardware, self.place, self.name))

    def built_on(self, connected: Any) -> Driver:  # noqa: ANN401 - the port of any bus
        """Return the driver that uses a port."""
        return self.driver(connected, **self.options)


class ResolvedOutput(NamedTuple):
    """An output as configured."""

    settings: OutputSettings
    driver: type[Output]
    place: Place
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """The output's name in the configuration."""
        return self.settings.name

    @property
    def guard(self) -> Guard:
        """The limits that it must keep to."""
        return output_guard(self.settings, continuous=isinstance(self.driver, Continuous))

    def build(self, hardware: Hardware) -> Output:
        """Return the driver, connected but not switched; an expander's also gets its pin."""
        pin = (self.place.pin,) if self.place.kind == "i2c" else ()
        connected = port(hardware, self.place, self.name)
        return self.driver(connected, *pin, **self.options)


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

    def modbus(self, path: str) -> Any:  # noqa: ANN401
        """Return nothing."""

    def pins(self) -> None:
        """Return nothing: constructors do not ask for a pin."""


class DeviceResolver:
    """Finds driver, place and options of each table, and notes every problem."""

    def __init__(self, catalog: Catalog[DriverClass], problems: Problems) -> None:
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
        driver = self._driver(settings.driver, where, is_sensor, AN_OUTPUT)
        if driver is None:
            return None
        options = self._options(driver, settings, where)
        place = resolve_place(driver, settings, where, self._problems)
        if place is None or options is None:
            return None
        return self._constructed(ResolvedDevice(settings, driver, place, options, ()), where)

    def _constructed(self, device: ResolvedDevice, where: str) -> ResolvedDevice | None:
        """Take the channels from an unconnected driver: options may select among them."""
        driver = self._built(device.build, device.options, where)
        if driver is None:
            return None
        if issubclass(device.driver, Totalling):
            self._note_converted(device.settings, where)
        names = [channel.name for channel in driver.channels]
        for name in device.settings.channel.keys() - set(names):
            self._problems.add(f"{where}channel.{name}: {unknown(name, names)}")
        settings = device.settings.channel
        return device._replace(
            channels=tuple(
                published(channel, settings.get(channel.name, ChannelSettings()))
                for channel in driver.channels
            )
        )

    def _note_converted(self, settings: DeviceSettings, where: str) -> None:
        """Note conversions of a total: it could not continue after a restart."""
        for name, channel in settings.channel.items():
            converted = (channel.scale, channel.offset, channel.polynomial) != (1.0, 0.0, ())
            if converted or channel.median > 1:
                what = "a counter's channels are not converted; use `per_pulse`"
                self._problems.add(f"{where}channel.{name}: {what}")

    def _output(self, settings: OutputSettings, where: str) -> ResolvedOutput | None:
        driver = self._driver(settings.driver, where, is_output, A_SENSOR)
        options = self._options(driver, settings, where) if driver else None
        if driver is None or options is None:
            return None
        place = resolve_place(driver, settings, where, self._problems)
        return place and self._assembled(ResolvedOutput(settings, driver, place, options), where)

    def _assembled(self, output: ResolvedOutput, where: str) -> ResolvedOutput | None:
        """Build an unconnected driver, to find options that exclude each other."""
        return None if self._built(output.build, output.options, where) is None else output

    def _built(
        self, build: Callable[[Hardware], Built], options: Mapping[str, Any], where: str
    ) -> Built | None:
        try:
            return build(Unconnected())
        except ValueError as error:
            found = OF_AN_OPTION.fullmatch(str(error))
            if found and found[1] in options:  # its value is shown as in the configuration
                self._problems.note(where + found[1], options[found[1]], found[2])
            else:
                self._problems.add(f"{where}{error}")
            return None

    def _driver(
        self, name: str, where: str, right: Callable[[DriverClass], TypeGuard[Kind]], wrong: str
    ) -> Kind | None:
        """Return the driver of a name if it is of the right kind; `wrong` says what else it is."""
        try:
            driver = self._catalog.load(name)
        except ConfigError as error:
            self._problems.add(where + error.problems[0])
            return None
        if right(driver):
            return driver
        self._problems.note(f"{where}driver", name, f"{name} is {wrong}")
        return None

    def _options(
        self, driver: DriverClass, settings: DeviceSettings | OutputSettings, where: str
    ) -> dict[str, Any] | None:
        keys = set(type(settings).__struct_fields__) - {"options"}
        words = instead("device" if is_sensor(driver) else "output")
        options, lines = convert_options(driver, settings.options, keys=keys, words=words)
        for line in lines:
            self._problems.add(where + line)
        return None if lines else options
