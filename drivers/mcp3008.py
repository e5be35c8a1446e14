"""Microchip MCP3008 analog-to-digital converter (datasheet DS21295D).

The chip has neither an identification register nor a checksum. But clocked on after a result it
sends the same result again, least significant bit first, and then zeros (§5.0): one transfer
checks itself.
"""

from functools import partial
from typing import ClassVar, Literal

from drivers.base.blindness import OPEN_INPUT, Blindness
from drivers.base.channel import Channel
from drivers.base.declared import each_once
from drivers.base.driver import BusKind, Steps, Values, checked, value_or_error
from drivers.base.errors import BadChecksum, DeadFrame, DriverError, OutOfRange
from drivers.base.spi import SPIPort

MODE = 0  # or 3 (§6.1)
# Below 1.35 MHz, the most at 2.7 V (table 1-1), and slow enough to sample a source of 10 kΩ
HERTZ = 250_000
CODES = 1024
NOISE = 4  # codes between two conversions of a quiet input
LENGTH = 5  # bytes
DRIVEN = (1 << 27) - 1  # their last bits, which the chip drives: null bit, ten, nine again, zeros
ALIGNED, SINGLE_ENDED = 1, 0x80  # the start bit ends the first byte (figure 6-1)
PINS = ("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7")

Input = Literal["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"]


class MCP3008:
    """Microchip MCP3008 analog-to-digital converter, 10 bits, 8 inputs (datasheet DS21295D).

    A channel for each of the `inputs`. Neither end of the range has a value: zeros only are what
    a dead line reads, and the highest code is what any voltage above the reference gives.
    """

    bus: ClassVar[BusKind] = "spi"
    blind: ClassVar[tuple[Blindness, ...]] = (OPEN_INPUT,)
    channels: tuple[Channel, ...] = tuple(
        Channel(name, "V", 0.25 / CODES, 5.5, 5.5 / CODES, "voltage") for name in PINS
    )

    def __init__(
        self, port: SPIPort, *, inputs: tuple[Input, ...] = ("a0",), reference: float = 3.3
    ) -> None:
        """Take the `reference`: volts at the pin VREF; on most boards it is the supply."""
        each_once("inputs", inputs)
        if not 0.25 <= reference <= 5.5:  # table 1-1
            raise ValueError(f"reference is {reference:g}: wanted 0.25 to 5.5 V")
        self._port = port
        self._inputs = inputs
        self._reference = reference
        low, high = (voltage(code, reference) for code in (1, CODES - 2))
        self.channels = tuple(
            Channel(name, "V", low, high, reference / CODES, "voltage") for name in inputs
        )

    def setup(self) -> Steps[None]:
        """Set the clock: there is nothing in the chip to set."""
        self._port.configure(mode=MODE, hertz=HERTZ)
        yield from ()

    def measure(self) -> Steps[Values]:
        """Measure the inputs one after the other: the chip converts as it is clocked."""
        values: dict[str, float | DriverError] = {
            name: value_or_error(partial(self._voltage, name), OutOfRange, DeadFrame)
            for name in self._inputs
        }
        yield from ()
        return checked(self.channels, values, self._port.where)

    def _voltage(self, name: Input) -> float:
        return voltage(self._mean(name), self._reference)

    def _mean(self, name: Input) -> float:
        """Convert twice: the one bit that a frame does not say twice counts half then."""
        first, second = self._convert(name), self._convert(name)
        if abs(first - second) > NOISE:
            what = f"{name} is {first}, then {second} of {CODES}"
            raise BadChecksum(self._port.where, what, "does it move that fast? use a capacitor")
        return (first + second) / 2

    def _convert(self, name: Input) -> int:
        request = bytes([ALIGNED, SINGLE_ENDED | PINS.index(name) << 4]).ljust(LENGTH, b"\x00")
        frame = self._port.transfer(request)
        found = code(frame)
        if found is None:
            raise self._silent(name, frame)
        if found == CODES - 1:
            raise OutOfRange(
                self._port.where,
                f"{name} is at {self._reference:g} V or above",
                "use a voltage divider; is `reference` what the pin VREF has?",
            )
        return found

    def _silent(self, name: Input, frame: bytes) -> DeadFrame | BadChecksum:
        """Return why a frame holds no result."""
        driven = int.from_bytes(frame) & DRIVEN
        if not driven:
            hint = "check wiring and power; an input at 0 V looks like a dead line"
            return DeadFrame(self._port.where, f"{name} reads zeros only", hint)
        if driven == DRIVEN:
            return DeadFrame(self._port.where, f"{name} reads ones only")
        what = f"{name} does not repeat its result backwards: {frame.hex(' ')}"
        return BadChecksum(self._port.where, what, "check cable length and ground")


def code(frame: bytes) -> int | None:
    """Return the result of a frame, None if its two copies or its fixed bits say otherwise.

    Figure 5-2: a null bit, B9 to B0, B1 to B9, zeros. B0 alone comes once: damaged, it is one step.
    """
    bits = f"{int.from_bytes(frame) & DRIVEN:027b}"
    null, forth, back, rest = bits[0], bits[1:11], bits[11:20], bits[20:]
    if null == "1" or "1" in rest or forth[8::-1] != back or "1" not in forth:
        return None
    return int(forth, 2)


def voltage(code: float, reference: float) -> float:
    """Return V: the reference is 2^10 codes (§4.2, equation 4-2)."""
    return code * reference / CODES
