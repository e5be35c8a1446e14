"""ROHM BH1750FVI ambient light sensor (datasheet rev D, 2011.11).

The chip has no identification, no checksum, no ready flag and nothing to read but its last result,
which is 0 after power-on. Each result is therefore read several times, and counts as one only if it
differs from what stood there before. It cannot be detected whether a chip in complete darkness
still converts, and whether a command reached it as it was sent.
"""

from math import ceil
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import DARKNESS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange
from drivers.base.i2c import I2CPort

POWER_DOWN = b"\x00"
EMPTY = b"\x00\x00"  # the data register after power-on
SATURATED = 0xFFFF
DEFAULT_TIME = 69  # measurement time register, in the chip's own unit
SHORTEST, LONGEST = 31, 254
TWILIGHT = 20  # counts, from which it may fall dark between two measurements
MIDDLE = 89  # nearly three times as long as the shortest, a third of the longest


class Mode(NamedTuple):
    """A one-time measurement: its opcode (page 5), and what it is like (page 2)."""

    opcode: bytes
    counts: float  # per lx, at the default measurement time
    step: float  # lx, likewise
    seconds: float  # maximum, likewise


MODES = {
    "high": Mode(b"\x20", counts=1.2, step=1 / 1.2, seconds=0.180),
    "high2": Mode(b"\x21", counts=2.4, step=1 / 2.4, seconds=0.180),
    "low": Mode(b"\x23", counts=1.2, step=4, seconds=0.024),
}


class BH1750:
    """ROHM BH1750 ambient light sensor (datasheet rev D)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that it converts no more, or starts again and again, if it says 0 lx: it has neither"
            " id, checksum nor ready flag",
            "a VEML7700 or a TSL2591, which have all or some of them",
        ),
        Blindness(
            "one bit of a command that is damaged on its way: it echoes none",
            "a VEML7700 or a TSL2591, whose settings are read back",
        ),
        DARKNESS,
        TWINS,
    )
    addresses: ClassVar[tuple[int, ...]] = (0x23, 0x5C)
    channels: tuple[Channel, ...] = (Channel("illuminance", "lx", 0, 121557, 0.1132),)

    def __init__(
        self,
        port: I2CPort,
        *,
        mode: Literal["high", "high2", "low"] = "high",
        measurement_time: int = DEFAULT_TIME,
    ) -> None:
        """`measurement_time`: 31 (up to 121557 lx) to 254 (dim light, or a dark window)."""
        if not SHORTEST <= measurement_time <= LONGEST:
            raise ValueError(
                f"measurement_time is {measurement_time}: wanted {SHORTEST} to {LONGEST}"
            )
        self._port = port
        self._mode = MODES[mode]
        self._time = measurement_time
        self._last = 0  # code
        self._step = ceil(self._mode.step * self._mode.counts)  # counts, at every time
        high = illuminance(SATURATED - 1, self._mode.counts, self._time)
        step = self._mode.step * DEFAULT_TIME / self._time
        self.channels = (Channel("illuminance", "lx", 0, high, step),)

    def identify(self) -> Identity | None:
        """Assume the chip if anything answers: it has no identification."""
        self._port.read(2)
        return Identity("BH1750", certain=False)

    def setup(self) -> Steps[None]:
        """End what another program may have begun; every measurement sets all there is to set."""
        self._port.write(POWER_DOWN)
        yield from ()

    def measure(self) -> Steps[Values]:
        """Measure once; raise `OutOfRange` in light that is too bright for the settings.

        What was light and is darkness all at once is measured again: a supply that dips says 0.
        """
        code = yield from self._fresh()
        if code == 0 and self._last > TWILIGHT:
            code = yield from self._fresh()
        self._last = code
        if code == SATURATED:
            raise OutOfRange(
                self._port.where,
                f"brighter than {self.channels[0].high:.0f} lx",
                'use a shorter `measurement_time`, or mode "high"',
            )
        values = {"illuminance": illuminance(code, self._mode.counts, self._time)}
        return checked(self.channels, values, self._port.where)

    def _fresh(self) -> Steps[int]:
        """Return a new result; if it looks like an old one, put another in between.

        Zero is darkness, or a brown-out while the chip converted.
        """
        before = self._result()
        first = yield from self._convert(self._time, before)
        remembered = before or self._time == DEFAULT_TIME  # else a brown-out may be why it differs
        if first == SATURATED or (remembered and first not in {0, before}):
            return first
        between = yield from self._convert(self._other_time(first), first)
        code = yield from self._convert(self._time, between)
        if self._doubtful(first, between, code):
            raise NotReady(
                self._port.where,
                "the chip gives no new result",
                "check its supply; does another program use it?",
            )
        return code

    def _doubtful(self, first: int, between: int, code: int) -> bool:
        """Return whether the last of three results may be old, or that of a chip reset."""
        old = code == between != 0
        emptied = code == 0 and between > self._step
        fallen = 0 < first >= 2 * code  # its time forgotten, or its result
        risen = first == between == 0 != code  # if 0 stood before, it may have forgotten too
        return old or emptied or fallen or risen

    def _other_time(self, code: int) -> int:
        """Return a time that gives another result than this one under the same light.

        Twice as long or half will do, but for a single step: that may be rounded to itself again.
        """
        if 0 < code <= self._step:
            return LONGEST if self._time < MIDDLE else SHORTEST
        return SHORTEST if self._time >= 2 * SHORTEST else 2 * self._time

    def _convert(self, time: int, before: int) -> Steps[int]:
        """Measure with a measurement time; a brown-out that makes the chip forget it shows by 0."""
        for opcode in (*time_opcodes(time), self._mode.opcode):
            self._port.write(opcode)  # one per transaction (page 7)
        if before and self._port.read(2) == EMPTY:
            raise LostConfiguration(self._port.where, "a brown-out emptied its result")
        yield self._mode.seconds * time / DEFAULT_TIME
        return self._result()

    def _result(self) -> int:
        return int.from_bytes(self._port.read_steady(2), "big")


def time_opcodes(time: int) -> tuple[bytes, bytes]:
    """Return the opcodes for the high and the low bits of the measurement time (page 5)."""
    return bytes([0x40 | time >> 5]), bytes([0x60 | time & 0x1F])


def illuminance(code: int, counts: float, time: int) -> float:
    """Return lx (pages 7 and 11): `counts` per lx at the default measurement time."""
    return code / counts * DEFAULT_TIME / time
