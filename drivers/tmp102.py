"""Texas Instruments TMP102 thermometer (datasheet SBOS397H): it sleeps between two conversions.

The chip has no identification and no checksum; but its configuration can be read back, tells
whether the conversion is over, and differs from the power-on value.
"""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, checked
from drivers.base.errors import BadChecksum, DeadFrame, LostConfiguration, NotReady, WrongChip
from drivers.base.i2c import I2CPort

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
    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    channels = (Channel("temperature", "°C", -40, 125, 0.0625),)

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Assume the chip where the limits are as usual, and two bits that are always 1."""
        limits = (self._word(LOW), self._word(HIGH))
        likely = limits in USUAL_LIMITS and self._word(CONFIGURATION) & TWELVE_BITS
        return Identity("TMP102", certain=False) if likely == TWELVE_BITS else None

    def setup(self) -> Steps[None]:
        """Let the chip sleep; raise `WrongChip` where it does not keep what it is told."""
        self._configure(SLEEPING)
        self._port.write(bytes([LOW, *(LIMIT | TOO_FINE).to_bytes(2)]))
        yield SECONDS
        held, limit = self._word(CONFIGURATION) & ~ALERT, self._word(LOW)
        idle = ONE_SHOT | SLEEPING  # the first bit reads 1 while nothing is converted
        if held != idle or limit != LIMIT:
            what = f"no TMP102: its registers hold {held:04x} and {limit:04x}"
            raise WrongChip(self._port.where, f"{what}, not {idle:04x} and {LIMIT:04x}")

    def measure(self) -> Steps[dict[str, float]]:
        """Convert once; the result is read before the last look at the configuration, and after."""
        self._expect(ONE_SHOT | SLEEPING)  # else a conversion under way would go on
        self._configure(ONE_SHOT | SLEEPING)
        self._expect(SLEEPING)
        yield SECONDS
        raw = self._word(TEMPERATURE)
        self._expect(ONE_SHOT | SLEEPING)
        again = int.from_bytes(self._port.read_steady(2, bytes([TEMPERATURE])))
        if raw != again:
            raise BadChecksum(self._port.where, f"two reads differ: {raw:04x} and {again:04x}")
        return checked(self.channels, {"temperature": temperature(raw)}, self._port.where)

    def _expect(self, wanted: int) -> None:
        """Raise `NotReady` where only the conversion's state differs."""
        held = self._word(CONFIGURATION) & ~ALERT
        if held == wanted:
            return
        if held == wanted ^ ONE_SHOT:
            raise NotReady(self._port.where, "the conversion did not begin, or does not end")
        if held in {0x0000, 0xFFFF & ~ALERT}:
            raise DeadFrame(self._port.where, f"the chip answers {held >> 8:02x} only")
        raise LostConfiguration(self._port.where, f"configured {held:04x} instead of {wanted:04x}")

    def _configure(self, setting: int) -> None:
        self._port.write(bytes([CONFIGURATION, *setting.to_bytes(2)]))

    def _word(self, register: int) -> int:
        return int.from_bytes(self._port.write_read(bytes([register]), 2))


def temperature(raw: int) -> float:
    """Return °C: 12 bits at the left, 1/16 °C each.

    Table 7-2: 7FF0 → 127.9375, 6400 → 100, 5000 → 80, 4B00 → 75, 3200 → 50, 1900 → 25,
    0040 → 0.25, 0000 → 0, FFC0 → -0.25, E700 → -25, C900 → -55.
    """
    return (raw - 0x10000 if raw & 0x8000 else raw) / 256
