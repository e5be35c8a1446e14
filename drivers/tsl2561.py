"""ams TSL2560 and TSL2561 ambient light sensors (TAOS059N).

Two photodiodes, one of which sees mostly infrared. The chip has neither checksum nor ready flag.
Every measurement starts it again, waits longer than it may take, and reads its settings back.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort, settled

# Registers, table 2, with the bit of a command and that of a word
COMMAND, WORD = 0x80, 0x20
CONTROL, TIMING, ID, DATA_0, DATA_1 = 0x00, 0x01, 0x0A, 0x0C, 0x0E
POWERED, ON_OFF = 0x03, 0x03  # what it holds, and the bits that count
TIMES = {14: 0, 101: 1, 402: 2}  # ms
GAINS = {"1x": 0x00, "16x": 0x10}
MILLISECONDS = {14: 13.7, 101: 101.0, 402: 402.0}
FULL_SCALES = {14: 5047, 101: 37177, 402: 65535}  # counts
SLOWEST = 735 / 690  # its oscillator's nominal frequency by the lowest
BRIGHTEST = 40_000.0  # lx
WHITE = 0.2  # the second diode's share of the counts of white light
PER_COUNT = 0.05  # lx at most, at 402 ms and 16x
NOISE = 20  # counts in the dark

Gain = Literal["auto", "1x", "16x"]
IntegrationTime = Literal[14, 101, 402]

NO_NEWS = Blindness(
    "that it measures no more, but answers: nothing distinguishes a new result from an old one",
    "a TSL2591 or a VEML7700, which say that a result is new",
)


class Piece(NamedTuple):
    """One piece of the empirical formula: up to a ratio of both counts, and their weights."""

    ratio: float
    first: float
    second: float
    power: float  # of the ratio, in the place of the second count: only in the first piece


# "Calculating Lux": by the package that the id names
T_FN_CL = (
    Piece(0.50, 0.0304, 0.062, 1.4),
    Piece(0.61, 0.0224, 0.031, 1.0),
    Piece(0.80, 0.0128, 0.0153, 1.0),
    Piece(1.30, 0.00146, 0.00112, 1.0),
)
CS = (
    Piece(0.52, 0.0315, 0.0593, 1.4),
    Piece(0.65, 0.0229, 0.0291, 1.0),
    Piece(0.80, 0.0157, 0.0180, 1.0),
    Piece(1.30, 0.00338, 0.00260, 1.0),
)
PARTS = {0x10: CS, 0x40: T_FN_CL, 0x50: T_FN_CL}  # TSL2561CS, TSL2560T, TSL2561T


class TSL2561:
    """ams TSL2560 or TSL2561 ambient light sensor (TAOS059N)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (NO_NEWS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x39, 0x29, 0x49)
    channels: tuple[Channel, ...] = (Channel("illuminance", "lx", 0, BRIGHTEST, PER_COUNT),)

    def __init__(
        self, port: I2CPort, *, gain: Gain = "auto", integration_time: IntegrationTime = 402
    ) -> None:
        """`gain`: "auto" is 16x, and 1x if that is too much; `integration_time`: ms."""
        self._port = port
        self._gains = ("16x", "1x") if gain == "auto" else (gain,)
        self._time: IntegrationTime = integration_time
        self._seconds = MILLISECONDS[integration_time] / 1000 * SLOWEST
        self._full_scale = FULL_SCALES[integration_time]
        scale = weight(self._gains[-1], integration_time)
        full = self._full_scale - 1
        high = min(illuminance(full, full * WHITE, T_FN_CL) * scale, BRIGHTEST)
        self.channels = (Channel("illuminance", "lx", 0, high, PER_COUNT * scale),)

    def identify(self) -> Identity | None:
        """Assume the chip by its part number: few bits, and it has no maker's id."""
        part = self._register(ID) & 0xF0
        revised = self._register(CONTROL) & ~0x33 == 0
        return Identity("TSL2561", certain=False) if part in PARTS and revised else None

    def setup(self) -> Steps[None]:
        """Start the chip; raise `WrongChip` for another."""
        part = self._part()
        if part not in PARTS:
            raise WrongChip(self._port.where, f"no TSL2561: its part number is {part >> 4}")
        self._start(self._gains[0])
        yield from ()

    def measure(self) -> Steps[Values]:
        """Measure, with less gain if the first is too much; raise `OutOfRange` after all."""
        for gain in self._gains:
            counts = yield from self._convert(gain)
            if max(counts) < self._full_scale:
                return checked(self.channels, self._values(counts, gain), self._port.where)
        raise OutOfRange(
            self._port.where,
            "light or infrared is too bright for these settings",
            'use `gain` "auto", or a shorter `integration_time`',
        )

    def _values(self, counts: tuple[int, int], gain: str) -> Values:
        part = self._part()
        if part not in PARTS:
            raise WrongChip(self._port.where, f"no TSL2561: its part number is {part >> 4}")
        full, infrared = counts
        if infrared > full * PARTS[part][-1].ratio + NOISE:
            what = f"{infrared} counts of infrared, but {full} of all light"
            raise OutOfRange(self._port.where, what, "its first photodiode is blind: replace it")
        return {"illuminance": illuminance(*counts, PARTS[part]) * weight(gain, self._time)}

    def _convert(self, gain: str) -> Steps[tuple[int, int]]:
        """Start the chip again and return its first result."""
        self._start(gain)
        yield self._seconds
        power, *counts = settled(self._counts, self._port.where)
        self._refuse_changed(CONTROL, power, POWERED)
        self._expect(TIMING, self._timing(gain))
        return counts[0], counts[1]

    def _start(self, gain: str) -> None:
        """End the integration under way, and begin one with this gain."""
        for register, value, bits in (
            (CONTROL, 0, ON_OFF),
            (TIMING, self._timing(gain), 0xFF),
            (CONTROL, POWERED, ON_OFF),
        ):
            self._port.write(bytes([COMMAND | register, value]))
            self._expect(register, value, bits)

    def _timing(self, gain: str) -> int:
        return GAINS[gain] | TIMES[self._time]

    def _counts(self) -> tuple[int, int, int]:
        """Return power and counts: on a dead line all of them are the same."""
        power = self._register(CONTROL) & ON_OFF
        first, second = (
            self._port.write_read(bytes([COMMAND | WORD | each]), 2) for each in (DATA_0, DATA_1)
        )
        return power, int.from_bytes(first, "little"), int.from_bytes(second, "little")

    def _part(self) -> int:
        return self._port.read_steady(1, bytes([COMMAND | ID]))[0] & 0xF0

    def _expect(self, register: int, wanted: int, bits: int = 0xFF) -> None:
        self._refuse_changed(register, self._register(register) & bits, wanted)

    def _refuse_changed(self, register: int, held: int, wanted: int) -> None:
        if held != wanted:
            what = f"its register {register} is {held:02x} instead of {wanted:02x}"
            raise LostConfiguration(self._port.where, what)

    def _register(self, number: int) -> int:
        return self._port.write_read(bytes([COMMAND | number]), 1)[0]


def weight(gain: str, time: IntegrationTime) -> float:
    """Return how much more a count weighs than at 402 ms and 16x."""
    return 402 / MILLISECONDS[time] * (1 if gain == "16x" else 16)


def illuminance(full: float, infrared: float, pieces: Sequence[Piece]) -> float:
    """Return lx at 402 ms and 16x by the datasheet's empirical formula; infrared alone is dark."""
    ratio = infrared / full if full else math.inf
    piece = next((each for each in pieces if ratio <= each.ratio), None)
    if piece is None:
        return 0.0
    second: float = full * ratio**piece.power
    return max(piece.first * full - piece.second * second, 0.0)
