"""A simulated machine: the configuration's devices on simulated buses, living through a scenario.

Chips on a bus find their values whenever the thread of their bus looks at them. Pins have
edges of their own: `step` makes those, in the thread that `start` begins, or called by whoever
moves a virtual clock.
"""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from simulators.bus import Fault, SimulatedBus
from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel, SimulatedKernel
from simulators.model import I2CModel, Model
from simulators.pins import SimulatedPins, Stepping
from simulators.scenario import FAULTS, PlannedFault, Scenario
from simulators.serial import SerialModel, SimulatedLine
from simulators.spi import SimulatedSPI, SPIModel
from simulators.sysfs import SimulatedDirectory, SimulatedW1
from simulators.w1_faults import FaultyDevice, Spell

if TYPE_CHECKING:
    from simulators.surroundings import Surroundings

STEP_SECONDS = 0.05
F = TypeVar("F")


class SimulatedHardware:
    """Buses and pins; the scenario begins when this is made."""

    def __init__(self, clock: SimulatedClock, scenario: Scenario | None = None) -> None:
        self._clock = clock
        self._scenario = scenario or Scenario()
        self._began = clock.monotonic()
        self._buses: dict[int, SimulatedBus] = {}
        self._spi: dict[tuple[int, int], SimulatedSPI] = {}
        self._lines: dict[str, SimulatedLine] = {}
        self._w1 = SimulatedW1()
        self._kernel = SimulatedKernel(self.now)
        self._pins = SimulatedPins(clock)
        self._surroundings: dict[str, Surroundings] = {}
        self._models: dict[str, Model] = {}
        self._on_pins: dict[str, Model] = {}
        self._injected: list[tuple[PlannedFault, Any]] = []
        self._stop: SimpleQueue[None] = SimpleQueue()
        self._thread: Thread | None = None

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

        `bus` is 1 for I2C and 0 for SPI, where `address` is the chip select; `id` is a 1-Wire id or
        the path of a serial line. Of the driver's `options` the model takes those that are
        soldered: an `active_low` relay board.
        """
        parameters = signature(model).parameters
        soldered = {k: v for k, v in (options or {}).items() if k in parameters}
        self._surroundings[device] = self._scenario.surroundings(device, model, self.now)
        solder: Callable[..., Any] = partial(model, self._clock, **soldered)
        if issubclass(model, I2CModel):
            spot = model.addresses[0] if address is None else address
            chip = self._on_i2c(device, solder, 1 if bus is None else bus, spot)
        elif issubclass(model, SPIModel):
            chip = self._on_spi(device, solder(), (bus or 0, address or 0))
        elif issubclass(model, SerialModel):
            chip = self._on_line(device, solder(), id)
        elif issubclass(model, LinuxModel):
            chip = self._in_kernel(device, solder(len(self._kernel)))
        elif "id" in parameters:
            chip = self._on_w1(device, solder(id))
        else:
            chip = self._on_pins[device] = solder(self._pins.pin(pin))
        self._models[device] = chip
        return chip

    def _on_i2c(
        self, device: str, solder: Callable[[], I2CModel], number: int, address: int
    ) -> Model:
        bus = self.i2c(number)
        chip = bus.chip(address)
        if chip is None or chip.exclusive:  # several outputs may sit on one expander
            chip = solder()
            bus.attach(address, chip)
            chip.values = self._surroundings[device]
        bus.afflict(address, self._faults(device, address))
        return chip

    def _on_spi(self, device: str, chip: SPIModel, place: tuple[int, int]) -> Model:
        chip.values = self._surroundings[device]
        self._spi[place] = SimulatedSPI(chip, self._faults(device))
        return chip

    def _on_line(self, device: str, chip: SerialModel, path: str) -> Model:
        chip.values = self._surroundings[device]
        self._lines[path] = SimulatedLine(chip, self._faults(device))
        return chip

    def _in_kernel(self, device: str, chip: LinuxModel) -> Model:
        chip.values = self._surroundings[device]
        self._kernel.attach(chip, self._spells(device))
        return chip

    def _on_w1(self, device: str, chip: Any) -> Model:  # noqa: ANN401 - a Model and a W1Chip
        chip.values = self._surroundings[device]
        spells = self._spells(device)
        self._w1.attach(FaultyDevice(chip, spells, self.now) if spells else chip)
        model: Model = chip
        return model

    def _planned(self, device: str) -> list[PlannedFault]:
        return [fault for fault in self._scenario.faults if fault.device == device]

    def _spells(self, device: str) -> list[Spell]:
        planned = self._planned(device)
        return [self._staged(each, Spell(each.kind, **each.arguments)) for each in planned]

    def _faults(self, device: str, address: int | None = None) -> list[Fault]:
        return [self._inject(fault, address) for fault in self._planned(device)]

    def _inject(self, fault: PlannedFault, address: int | None) -> Fault:
        """Return the fault itself; what the scenario counts from its begin, the clock counts on."""
        arguments = {**fault.arguments, "at": self._began + fault.arguments.get("at", 0.0)}
        return self._staged(fault, FAULTS[fault.kind](self._clock, address=address, **arguments))

    def _staged(self, fault: PlannedFault, injected: F) -> F:
        self._injected.append((fault, injected))
        return injected

    def struck(self) -> list[tuple[PlannedFault, int]]:
        """Return how often each fault of the scenario has done anything so far."""
        return [(fault, injected.struck) for fault, injected in self._injected]

    def i2c(self, number: int) -> SimulatedBus:
        """Return a bus, empty where nothing is attached to it."""
        if number not in self._buses:
            bus = self._buses[number] = SimulatedBus(self._clock)
            planned = (fault for fault in self._scenario.faults if fault.bus == number)
            bus.faults += [self._inject(fault, None) for fault in planned]
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
    def names(self) -> frozenset[str]:
        """The devices that are connected."""
        return frozenset(self._models)

    def now(self) -> float:
        """Return the seconds since the scenario began."""
        return self._clock.monotonic() - self._began

    def truth(self, device: str) -> dict[str, float]:
        """Return what a device is exposed to at this moment."""
        return self._models[device].truth()

    def expose(self, device: str, channel: str, value: float) -> None:
        """Hold an input of a device at a value from now on."""
        self._surroundings[device][channel] = value

    def step(self) -> None:
        """Let what moves by itself move: a pin whose signal has changed gets its edges now."""
        for device, model in self._on_pins.items():
            for channel, value in self._surroundings[device].items():
                if value != model.values[channel]:
                    model.set(channel, value)
            if isinstance(model, Stepping):
                model.step()

    def start(self) -> None:
        """Step in real time, in a thread of its own, until `close`."""
        self._thread = Thread(target=self._run, name="scenario", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop what moves, and give the pins back."""
        self._stop.put(None)
        if self._thread is not None:
            self._thread.join()
        self._pins.close()

    def _run(self) -> None:
        while True:
            self.step()
            try:
                return self._stop.get(timeout=STEP_SECONDS)
            except Empty:
                continue
