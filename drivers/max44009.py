"""Maxim MAX44009 ambient light sensor (datasheet 19-5719 rev 1).

The chip has neither id, checksum nor ready flag. It measures continuously, which it does not after
power-on: so the configuration shows that no brown-out came between. It must be asked for each half
of a result alone, and may renew it in between: three pairs in a row agree.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort, settled

# Registers, table 1
STATUS, ENABLE, CONFIGURATION, HIGH, LOW, UPPER, LOWER, TIMER = range(8)
POWER_ON = {UPPER: 0xFF, LOWER: 0x00, TIMER: 0xFF}  # an interrupt's, which few people use
CONTINUOUS = 0x80  # of the configuration; the chip itself sets its four lowest bits
SECONDS = 0.9  # a measurement takes 800 ms in the dark
LUX = 0.045  # per count
TOO_BRIGHT = 15  # exponent

NO_NEWS = Blindness(
    "that it measures no more, but answers: nothing distinguishes a new result from an old one",
    "a VEML7700 or a TSL2591, which say that a result is new",
)


class MAX44009:
    """Maxim MAX44009 ambient light sensor (datasheet 19-5719)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (NO_NEWS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x4A, 0x4B)
    channels = (Channel("illuminance", "lx", 0, 255 * LUX * 2**14, LUX, relative=1 / 128),)

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Assume the chip if its thresholds are as at power-on, and other bits are 0."""
        thresholds = {each: self._register(each) for each in POWER_ON}
        possible = thresholds == POWER_ON and self._flags() <= 1
        return Identity("MAX44009", certain=False) if possible else None

    def setup(self) -> Steps[None]:
        """Let the chip measure continuously; raise `WrongChip` if it does not keep that."""
        self._refuse_other(self._flags() <= 1)
        wanted = {**POWER_ON, CONFIGURATION: CONTINUOUS}
        for register, value in {**wanted, LOW: 0xFF}.items():
            self._port.write(bytes([register, value]))
        held = {**{each: self._register(each) for each in POWER_ON}, CONFIGURATION: self._mode()}
        self._refuse_other(held == wanted and self._register(LOW) <= 0x0F)
        yield SECONDS

    def measure(self) -> Steps[Values]:
        """Read the last result."""
        held, high, low = settled(self._result, self._port.where)
        if held != CONTINUOUS:
            what = f"its configuration is {held:02x} instead of {CONTINUOUS:02x}"
            raise LostConfiguration(self._port.where, what)
        if high >> 4 == TOO_BRIGHT or low > 0x0F:
            raise OutOfRange(self._port.where, "brighter than the chip measures")
        yield from ()
        values = {"illuminance": illuminance(high, low)}
        return checked(self.channels, values, self._port.where)

    def _refuse_other(self, possible: bool) -> None:
        if not possible:
            first = " ".join(f"{self._register(n):02x}" for n in range(8))
            raise WrongChip(self._port.where, f"no MAX44009: its registers hold {first}")

    def _flags(self) -> int:
        """Return the two registers that have one bit each."""
        return self._register(STATUS) | self._register(ENABLE)

    def _mode(self) -> int:
        """Return the configuration without the bits that the chip sets itself."""
        return self._register(CONFIGURATION) & ~0x0F

    def _result(self) -> tuple[int, int, int]:
        """Return mode and result: on a dead line all of them are the same."""
        return self._mode(), self._register(HIGH), self._register(LOW)

    def _register(self, number: int) -> int:
        return self._port.write_read(bytes([number]), 1)[0]


def illuminance(high: int, low: int) -> float:
    """Return lx of both bytes: an exponent of 4 bits, a mantissa of 8.

    Table 8: 00, 01 → 0.045; 00, 00 → 0; 8F, 0F → 2937.6; EF, 0F → 188006 lx.
    """
    return float(2 ** (high >> 4) * ((high & 0x0F) << 4 | low) * LUX)
