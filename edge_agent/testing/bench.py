"""One driver and one model, alone on a bus, with a clock that moves as they wait."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from smbus2 import i2c_msg

from drivers.base.channel import Channel
from drivers.base.driver import Driver
from drivers.base.errors import DriverError
from drivers.base.i2c import I2CPort
from edge_agent.testing.driver_bench import DriverBench
from edge_agent.testing.wires import RecordedWire
from simulators.bus import SimulatedBus
from simulators.clock import SimulatedClock
from simulators.faults import BusFault
from simulators.model import I2CModel, Range

T = TypeVar("T")
Side: TypeAlias = Literal["below", "above"]
INSTANT = 1e-9  # every message takes wire time, so an instant holds one


class BusMessage(NamedTuple):
    """One message on the wire; `at` is the moment at which faults look at it."""

    at: float
    bits: int
    written: bytes | None


class RecordingBus(SimulatedBus):
    """A simulated bus that records every message, also those without an answer."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.messages: list[BusMessage] = []

    def _transfer(self, message: i2c_msg) -> None:
        written = None if message.flags & 1 else bytes(message)
        self.messages.append(BusMessage(self._clock.monotonic(), 8 * message.len, written))
        super()._transfer(message)


class FlippedBit(BusFault):
    """Bit `bit` of the frame read at the instant `at` arrives inverted."""

    def __init__(self, clock: SimulatedClock, *, at: float, bit: int) -> None:
        super().__init__(clock, at=at, lasts=INSTANT)
        self._bit = bit

    def _spoil(self, frame: bytes) -> bytes:
        self.struck += 1
        return (int.from_bytes(frame) ^ 1 << self._bit).to_bytes(len(frame))


def standing() -> float:
    """Return always the same time in s: no chip holds the bus here, however slow the machine is."""
    return 0.0


class Bench(DriverBench):
    """A driver and a model, and what is true of them; `settle` as in `I2CContract`."""

    def __init__(
        self,
        driver: Callable[..., Driver],
        model: Callable[[SimulatedClock], I2CModel],
        *,
        settle: float = 0.0,
        **options: Any,  # noqa: ANN401 - the driver's
    ) -> None:
        super().__init__()
        self.bus = RecordingBus(self.clock)
        self.model: Any = model(self.clock)
        self.address = self.model.addresses[0]
        self.wire = RecordedWire(self.model)
        self.bus.attach(self.address, self.model)
        port = I2CPort(self.bus, self.address, "bench", now=standing)
        self.device = driver(port, **options)
        self._settle = settle

    def expose(self, share: float = 0.37) -> "Bench":
        """Set the surroundings to this share of every range, and let the chip notice."""
        for name, span in self.model.inputs.items():
            self.model.set(name, at(span, share))
        return self.settled()

    def set(self, channel: str, value: float) -> None:
        """Expose the chip to a value, and let it notice."""
        self.model.set(channel, value)
        self.settled()

    def settled(self) -> "Bench":
        """Let the time pass that a change takes to reach a chip that samples by itself."""
        self.clock.sleep(self._settle)
        return self

    def felt(self) -> list[Channel]:
        """Return the channels that are inputs of the model: the others follow from them."""
        return [each for each in self.device.channels if each.name in self.model.inputs]

    def wrong(self, values: dict[str, float]) -> dict[str, tuple[float, float]]:
        """Return value and truth of the channels that are off by more than one step."""
        return off(self.device.channels, values, self.model.truth())

    def right_or_absent(self) -> bool:
        """Set up and measure; return whether that gave no wrong value."""
        values = absent_or(self.read)
        return values is None or not self.wrong(values)

    def strike(self, fault: Callable[..., BusFault], **arguments: Any) -> BusFault:  # noqa: ANN401
        """Begin a fault on the bus."""
        injected = fault(self.clock, **arguments)
        self.bus.faults.append(injected)
        return injected

    def heal(self) -> None:
        """End all faults."""
        self.bus.faults.clear()

    def replace(self, model: I2CModel) -> None:
        """Put another chip at the address."""
        self.bus.detach(self.address)
        self.bus.attach(self.address, model)
        self.clock.advance(1)

    def exchanged(
        self, call: Callable[[], object], *, reads_only: bool = False
    ) -> list[BusMessage]:
        """Return the messages that a call exchanges."""
        begin = len(self.bus.messages)
        call()
        messages = self.bus.messages[begin:]
        return [each for each in messages if each.written is None or not reads_only]

    def moments(self, call: Callable[[], object], *, reads_only: bool = False) -> list[float]:
        """Return the moment of each message that a call exchanges."""
        return [message.at for message in self.exchanged(call, reads_only=reads_only)]


def off(
    channels: Iterable[Channel], values: Mapping[str, float], truth: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Return value and truth of the channels that are off by more than one step.

    A switch has none between its two values.
    """
    return {
        channel.name: (values[channel.name], truth[channel.name])
        for channel in channels
        if channel.name in values
        and abs(values[channel.name] - truth[channel.name])
        > _tolerance(channel, truth[channel.name])
    }


def _tolerance(channel: Channel, truth: float) -> float:
    switch = channel.resolution >= channel.high - channel.low
    return 0.0 if switch else channel.step(truth) * (1 + 1e-6)


def at(span: Range, share: float) -> float:
    """Return the value at a share of a range; a switch is off or on."""
    low, high, step = span
    return (high if share > 0.5 else low) if step >= high - low else low + share * (high - low)


def far_beyond(channel: Channel, side: Side) -> float | None:
    """Return a value that no working element gives, or None if the quantity ends there itself.

    A switch has two values; nothing is darker than dark, but a broken element is drier than dry.
    """
    span = channel.high - channel.low
    if channel.resolution >= span:
        return None
    if side == "above":
        return channel.high + span
    if channel.low == 0 and channel.quantity != "humidity":
        return None
    return channel.low - span


def absent_or(call: Callable[[], T]) -> T | None:
    """Return what a call returns, or None if it raises a driver's error."""
    try:
        return call()
    except DriverError:
        return None
