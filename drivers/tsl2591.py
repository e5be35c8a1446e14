"""ams TSL2591 ambient light sensor (datasheet v2-04, 2018).

Two photodiodes, one of which sees infrared only: what both see is not light for the eye. The chip
has no checksum, but a flag that says whether there is a result since it was started. Every
measurement restarts it, reads the result several times, beside the chip's id, and reads its
settings back.
"""

from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import DARKNESS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import (
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.i2c import I2CPort

COMMAND = 0xA0  # with a register's number; the number increments itself
ENABLE, CONTROL = 0x00, 0x01
DEVICE_ID = 0x12  # followed by STATUS, and two words of data, low byte first
CHIP_ID = 0x50
POWERED, RUNNING = 0x01, 0x03  # PON; PON and AEN
VALID = 0x01  # AVALID: an integration was completed since AEN was set

GAIN_FIELDS = {"low": 0x00, "medium": 0x10, "high": 0x20, "max": 0x30}
GAIN_FACTORS = {"low": 1, "medium": 25, "high": 428, "max": 9876}
STEP_SECONDS = 0.108  # at most, of nominally 100 ms
FULL_SCALES = {100: 36863, 200: 65535, 300: 65535, 400: 65535, 500: 65535, 600: 65535}  # counts

DEVICE_FACTOR = 408.0  # lx · ms per count at gain 1, without infrared
BRIGHTEST = 88_000.0  # lx
INFRARED_ALONE = 1.1  # infrared's share of the counts of infrared is below 1 at any wavelength
NOISE = 20  # counts in the dark, at most, at the highest gain (operating characteristics)
WHITE = 34.9 / 264.1  # infrared's share of the counts of white light (operating characteristics)

Gain = Literal["auto", "low", "medium", "high", "max"]
IntegrationTime = Literal[100, 200, 300, 400, 500, 600]


class Counts(NamedTuple):
    """What the two photodiodes saw."""

    full: int
    infrared: int


class TSL2591:
    """ams TSL2591 ambient light sensor (datasheet v2-04)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DARKNESS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    channels: tuple[Channel, ...] = (
        Channel("illuminance", "lx", 0, BRIGHTEST, 2 * DEVICE_FACTOR / 600 / 9876),
    )

    def __init__(
        self, port: I2CPort, *, gain: Gain = "auto", integration_time: IntegrationTime = 100
    ) -> None:
        """`gain`: "auto" is medium, and low if that is too much; `integration_time`: ms."""
        self._port = port
        self._gains = ("medium", "low") if gain == "auto" else (gain,)
        self._time = integration_time
        self._seconds = integration_time / 100 * STEP_SECONDS
        self._full_scale = FULL_SCALES[integration_time]
        per_lux = counts_per_lux(GAIN_FACTORS[self._gains[-1]], integration_time)
        high = (self._full_scale - 1) * (1 - WHITE) ** 2 / per_lux
        # A count of infrared weighs up to twice as much as one of the whole
        self.channels = (Channel("illuminance", "lx", 0, min(high, BRIGHTEST), 2 / per_lux),)

    def identify(self) -> Identity | None:
        """Read the device id."""
        found = self._read(DEVICE_ID, 1)[0] == CHIP_ID
        return Identity("TSL2591", certain=True) if found else None

    def setup(self) -> Steps[None]:
        """Start the chip; raise `WrongChip` for another."""
        chip_id = self._read(DEVICE_ID, 1)[0]
        if chip_id != CHIP_ID:
            raise WrongChip(self._port.where, f"no TSL2591: its id is 0x{chip_id:02x}")
        self._start(self._gains[0])
        yield from ()

    def measure(self) -> Steps[Values]:
        """Measure, with less gain if the first is too much; raise `OutOfRange` after all."""
        self._expect(ENABLE, RUNNING)
        for gain in self._gains:
            counts = yield from self._convert(gain)
            if max(counts) < self._full_scale:
                self._refuse_dark_diode(counts)
                per_lux = counts_per_lux(GAIN_FACTORS[gain], self._time)
                values = {"illuminance": illuminance(counts, per_lux)}
                return checked(self.channels, values, self._port.where)
        raise OutOfRange(
            self._port.where,
            "light or infrared is too bright for these settings",
            'use `gain` "auto", or a shorter `integration_time`',
        )

    def _refuse_dark_diode(self, counts: Counts) -> None:
        if counts.infrared > counts.full * INFRARED_ALONE + NOISE:
            what = f"{counts.infrared} counts of infrared, but {counts.full} of all light"
            raise OutOfRange(self._port.where, what, "its first photodiode is blind: replace it")

    def _convert(self, gain: str) -> Steps[Counts]:
        """Restart the chip and return its first result."""
        self._start(gain)
        yield self._seconds
        frame = self._frame()
        self._expect(CONTROL, self._control(gain))
        self._expect(ENABLE, RUNNING)
        return Counts(int.from_bytes(frame[2:4], "little"), int.from_bytes(frame[4:6], "little"))

    def _start(self, gain: str) -> None:
        """Stop the integration under way, and begin one with this gain."""
        for register, value in (
            (ENABLE, POWERED),
            (CONTROL, self._control(gain)),
            (ENABLE, RUNNING),
        ):
            self._port.write(bytes([COMMAND | register, value]))
            self._expect(register, value)

    def _control(self, gain: str) -> int:
        return GAIN_FIELDS[gain] | self._time // 100 - 1

    def _frame(self) -> bytes:
        """Return id, status and data, read several times: the next result is far away."""
        first = self._port.read_steady(6, bytes([COMMAND | DEVICE_ID]))
        if first[0] != CHIP_ID:
            raise DeadFrame(
                self._port.where, f"the chip answers {first[:1].hex()} instead of its id"
            )
        if not first[1] & VALID:
            raise NotReady(
                self._port.where, "no result after the datasheet's longest time", "check its supply"
            )
        return first

    def _expect(self, register: int, wanted: int) -> None:
        held = self._read(register, 1)[0]
        if held != wanted:
            raise LostConfiguration(
                self._port.where, f"its register {register} is {held:02x} instead of {wanted:02x}"
            )

    def _read(self, register: int, count: int) -> bytes:
        return self._port.write_read(bytes([COMMAND | register]), count)


def counts_per_lux(gain: int, milliseconds: int) -> float:
    """Return counts per lx of light without infrared."""
    return milliseconds * gain / DEVICE_FACTOR


def illuminance(counts: Counts, per_lux: float) -> float:
    """Return lx by the usual empirical formula; the datasheet has none.

    The more infrared there is among the counts, the less of the rest is for the eye: (c0 - c1)
    (1 - c1/c0). Infrared alone, or nothing, is dark.
    """
    visible = counts.full - counts.infrared
    return visible * visible / counts.full / per_lux if visible > 0 else 0.0
