"""Texas Instruments TMP102 thermometer (datasheet SBOS397H): it sleeps between two conversions.

The chip has no identification and no checksum; but its configuration can be read back, shows
whether the conversion is over, and differs from the power-on value.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, signed

# Registers and bits, tables 7-5 and 7-8
TEMPERATURE, CONFIGURATION, LOW, HIGH = range(4)
USUAL_LIMITS = {(0x4B00, 0x5000), (0x4C00, 0x5000)}  # 75 and 80 °C at power-on; ours
ONE_SHOT, TWELVE_BITS, SHUTDOWN = 0x8000, 0x6000, 0x0100
ALERT = 0x0020  # follows the temperature
SLEEPING = TWELVE_BITS | SHUTDOWN | 0x0080
LIMIT, TOO_FINE = 0x4C00, 0x000F  # 76 °C, and the bits that a limit has not (table 7-11)
SECONDS = 0.035  # the longest conversion (§6.5)


class TMP102:
    """Texas Instruments TMP102 thermometer, ±0.5 °C from -25 to 85 °C (datasheet SBOS397H)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    channels = (Channel("temperature", "°C", -40, 125, 0.0625),)

    def __init__(self, port: I2CPort) -> None:
        self._port = port
        self._registers = WordRegisters(port)

    def identify(self) -> Identity | None:
        """Assume the chip if the limits are as usual, and two bits that are always 1."""
        limits = (self._registers.read(LOW), self._registers.read(HIGH))
        likely = limits in USUAL_LIMITS and self._registers.read(CONFIGURATION) & TWELVE_BITS
        return Identity("TMP102", certain=False) if likely == TWELVE_BITS else None

    def setup(self) -> Steps[None]:
        """Let the chip sleep; raise `WrongChip` if it does not keep what is written."""
        self._registers.write(CONFIGURATION, SLEEPING)
        self._registers.write(LOW, LIMIT | TOO_FINE)
        yield SECONDS
        held, limit = self._registers.read(CONFIGURATION) & ~ALERT, self._registers.read(LOW)
        idle = ONE_SHOT | SLEEPING  # the first bit reads 1 while nothing is converted
        if held != idle or limit != LIMIT:
            what = f"no TMP102: its registers hold {held:04x} and {limit:04x}"
            raise WrongChip(self._port.where, f"{what}, not {idle:04x} and {LIMIT:04x}")

    def measure(self) -> Steps[Values]:
        """Convert once; the result is read before the last look at the configuration, and after."""
        self._expect(ONE_SHOT | SLEEPING)  # else a conversion under way would continue
        self._registers.write(CONFIGURATION, ONE_SHOT | SLEEPING)
        self._expect(SLEEPING)
        yield SECONDS
        raw = self._registers.read(TEMPERATURE)
        self._expect(ONE_SHOT | SLEEPING)
        self._registers.confirm(TEMPERATURE, raw)
        return checked(self.channels, {"temperature": temperature(raw)}, self._port.where)

    def _expect(self, wanted: int) -> None:
        """Raise `NotReady` if only the conversion's state differs."""
        held = self._registers.read(CONFIGURATION)
        if held & ~ALERT == wanted ^ ONE_SHOT:
            raise NotReady(self._port.where, "the conversion did not begin, or does not end")
        self._registers.refuse_dead(held)
        self._registers.refuse_changed(held & ~ALERT, wanted)


def temperature(raw: int) -> float:
    """Return °C: 12 bits at the left, 1/16 °C each.

    Table 7-2: 7FF0 → 127.9375, 6400 → 100, 5000 → 80, 4B00 → 75, 3200 → 50, 1900 → 25,
    0040 → 0.25, 0000 → 0, FFC0 → -0.25, E700 → -25, C900 → -55.
    """
    return signed(raw) / 256
