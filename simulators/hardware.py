"""A simulated machine: the configuration's devices on simulated buses, following a scenario.

A chip on a bus computes its values when the thread of its bus reads them. Pins have edges without
being read: `step` makes them, in the hardware's own `thread`, or when a test moves a virtual clock
and calls it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

from simulators.bus import SimulatedBus
from simulators.clock import SimulatedClock
from simulators.injection import Faults
from simulators.linux import LinuxModel, SimulatedKernel
from simulators.modbus_line import ModbusModel, SimulatedModbus
from simulators.model import I2CModel, Model, Pressed
from simulators.pins import SimulatedPins, Stepping
from simulators.scenario import PlannedFault, Scenario
from simulators.serial import SerialModel, SimulatedLine
from simulators.spi import SimulatedSPI, SPIModel
from simulators.step_thread import StepThread
from simulators.surroundings import Surroundings
from simulators.sysfs import SimulatedDirectory, SimulatedW1
from simulators.w1_faults import FaultyDevice, W1Chip


class Wiring(NamedTuple):
    """Where a device is connected, in the configuration's words."""

    bus: int | None
    address: int | None
    pin: int | None
    id: str


class SimulatedHardware:
    """Buses and pins; the scenario begins when this is made."""

    def __init__(self, clock: SimulatedClock, scenario: Scenario | None = None) -> None:
        self._clock = clock
        self._scenario = scenario or Scenario()
        self.faults = Faults(clock, self._scenario.faults)
        self.now = self.faults.now
        self._buses: dict[int, SimulatedBus] = {}
        self._spi: dict[tuple[int, int], SimulatedSPI] = {}
        self._lines: dict[str, SimulatedLine] = {}
        self._modbus: dict[str, SimulatedModbus] = {}
        self._w1 = SimulatedW1()
        self._kernel = SimulatedKernel(self.now)
        self._pins = SimulatedPins(clock)
        self._surroundings: dict[str, Surroundings] = {}
        self._models: dict[str, Model] = {}
        self._on_pins: dict[str, Model] = {}
        self._stepping: dict[str, Stepping] = {}
        self._barometers: dict[str, tuple[str, Pressed]] = {}  # channel and who computes with it
        self.thread = StepThread(self.step)

    def attach(
        self,
        device: str,
        model: type[Model],
        *,
        bus: int | None = None,
        address: int | None = None,
        pin: int | None = None,
        id: str = "",  # noqa: A002 - the configuration's own word
        options: Mapping[str, Any] | None = None,
    ) -> Model:
        """Connect a chip as the configuration says; its first address is the default.

        `bus` is 1 for I2C and 0 for SPI, whose `address` is the chip select; `id` is a 1-Wire id or
        the path of a serial line. Of the driver's `options` the model takes those that describe the
        wiring, such as `active_low`. Raises ValueError if the place is taken.
        """
        options = options or {}
        model = model.configured(options)
        make = partial(model, self._clock, **_wiring_options(model, options))
        self._surroundings[device] = self._scenario.surroundings(device, model, self.now)
        chip = self._connect(device, model, make, Wiring(bus, address, pin, id))
        self._models[device] = chip
        if isinstance(chip, Pressed) and (barometer := options.get("ambient_pressure_from")):
            self._barometers[device] = barometer, chip
        return chip

    def _connect(
        self, device: str, model: type[Model], make: Callable[..., Any], to: Wiring
    ) -> Model:
        if issubclass(model, I2CModel):
            address = model.addresses[0] if to.address is None else to.address
            return self._on_i2c(device, make, 1 if to.bus is None else to.bus, address)
        if issubclass(model, SPIModel):
            return self._on_spi(device, make(), (to.bus or 0, to.address or 0))
        if issubclass(model, SerialModel | ModbusModel):
            return self._on_line(device, make(), to)
        if issubclass(model, LinuxModel):
            return self._in_kernel(device, make(len(self._kernel)))
        if "id" in signature(model).parameters:
            return self._on_w1(device, make(to.id))
        chip: Model = make(self._pins.pin(to.pin))
        self._on_pins[device] = chip
        if isinstance(chip, Stepping):
            self._stepping[device] = chip
        return chip

    def _on_i2c(
        self, device: str, make: Callable[[], I2CModel], number: int, address: int
    ) -> Model:
        bus = self.i2c(number)
        chip = bus.chip(address)
        if chip is None or chip.exclusive:  # several devices may share one expander
            chip = make()
            bus.attach(address, chip)
            chip.values = self._surroundings[device]
        else:
            self._share(device, chip)
        bus.add_faults(address, self.faults.of_transfers(device, address))
        return chip

    def _share(self, device: str, chip: Model) -> None:
        """Give a device the inputs of the one that the same chip belongs to already."""
        first = next(name for name, model in self._models.items() if model is chip)
        self._surroundings[device] = self._surroundings[first]

    def _on_spi(self, device: str, chip: SPIModel, place: tuple[int, int]) -> Model:
        chip.values = self._surroundings[device]
        self._spi[place] = SimulatedSPI(chip, self.faults.of_transfers(device))
        return chip

    def _on_line(self, device: str, chip: SerialModel | ModbusModel, to: Wiring) -> Model:
        chip.values = self._surroundings[device]
        faults = self.faults.of_transfers(device)
        if isinstance(chip, ModbusModel):
            self.modbus(to.id).attach(to.address or 1, chip, faults)
        else:
            self._lines[to.id] = SimulatedLine(chip, faults)
        return chip

    def _in_kernel(self, device: str, chip: LinuxModel) -> Model:
        chip.values = self._surroundings[device]
        self._kernel.attach(chip, self.faults.of_files(device))
        return chip

    def _on_w1(self, device: str, chip: Any) -> Model:  # noqa: ANN401 - a Model and a W1Chip
        chip.values = self._surroundings[device]
        can_fail = isinstance(chip, W1Chip)
        faulty = FaultyDevice(chip, self.faults.of_files(device), self.now) if can_fail else chip
        self._w1.attach(faulty)
        model: Model = chip
        return model

    def struck(self) -> list[tuple[PlannedFault, int]]:
        """Return how often each fault has had an effect so far."""
        return self.faults.struck()

    def i2c(self, number: int) -> SimulatedBus:
        """Return a bus; it is empty if nothing is attached to it."""
        if number not in self._buses:
            bus = self._buses[number] = SimulatedBus(self._clock)
            bus.faults = self.faults.of_transfers(number)
        return self._buses[number]

    def buses(self) -> tuple[int, ...]:
        """Return the numbers of the I2C buses."""
        return tuple(sorted(self._buses))

    def claimed(self, number: int, address: int) -> str:  # noqa: ARG002 - the agent asks so
        """Return nothing: no kernel driver owns a simulated chip."""
        return ""

    instead = claimed

    def spi(self, bus: int, select: int) -> SimulatedSPI:
        """Return a chip select."""
        return self._spi[bus, select]

    def serial(self, path: str) -> SimulatedLine:
        """Return a serial line."""
        return self._lines[path]

    def modbus(self, path: str) -> SimulatedModbus:
        """Return a Modbus line; it has no units if nothing is attached to it."""
        if path not in self._modbus:
            self._modbus[path] = SimulatedModbus(self._clock)
        return self._modbus[path]

    def kernel(self) -> SimulatedKernel:
        """Return the kernel's files."""
        return self._kernel

    def w1(self, id: str) -> SimulatedDirectory:  # noqa: A002
        """Return the directory of a 1-Wire device, there or not."""
        return self._w1.directory(id)

    def w1_master(self, id: str) -> SimulatedW1:  # noqa: A002, ARG002 - the agent asks so
        """Return the one 1-Wire bus."""
        return self._w1

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the 1-Wire devices."""
        return self._w1.ids()

    def pins(self) -> SimulatedPins:
        """Return gpiozero's pin factory."""
        return self._pins

    @property
    def models(self) -> Mapping[str, type[Model]]:
        """The devices that are connected, with their models."""
        return {device: type(model) for device, model in self._models.items()}

    def truth(self, device: str) -> dict[str, float]:
        """Return what a device is exposed to at this moment."""
        return self._models[device].truth()

    def surroundings(self, device: str) -> Surroundings:
        """Return the physical inputs of a device, to read or to set."""
        return self._surroundings[device]

    def expose(self, device: str, channel: str, value: float) -> None:
        """Hold an input of a device at a value from now on."""
        self._surroundings[device][channel] = value

    def step(self) -> None:
        """Bring every pin to the state of this moment: a changed input makes its edges now.

        A sensor stands in the same air as the barometer that it computes with.
        """
        for barometer, chip in self._barometers.values():
            name, _, channel = barometer.partition(".")
            if name in self._surroundings:
                chip.pressure = self._surroundings[name].get(channel, chip.pressure)
        for device, model in self._on_pins.items():
            for channel, value in self._surroundings[device].items():
                if value != model.values[channel]:
                    model.set(channel, value)
        for stepping in self._stepping.values():
            stepping.step()

    def close(self) -> None:
        """End the thread, and release the pins."""
        self.thread.close()
        self._pins.close()


def _wiring_options(model: type[Model], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the driver's options that the model has too."""
    parameters = signature(model).parameters
    return {key: value for key, value in options.items() if key in parameters}
