"""Texas Instruments TMP117 thermometer (datasheet SNOSD82D): one conversion for each measurement.

The chip has no checksum; but every result is read several times, beside a configuration that says
that a new one is there and that no brown-out came between.
"""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, checked
from drivers.base.errors import DeadFrame, LostConfiguration, NotReady, WrongChip
from drivers.base.i2c import I2CPort

# Registers and bits, tables 7-6 and 7-8
TEMPERATURE, CONFIGURATION, DEVICE_ID = 0x00, 0x01, 0x0F
CHIP_ID, REVISION = 0x0117, 0xF000
READY = 0x2000
SHUTDOWN, ONE_SHOT = 0x0400, 0x0C00
AVERAGE_8 = 0x0020
RESET = 0x0002
RESET_SECONDS = 0.002
SECONDS = 8 * 0.0175  # the longest conversion, eight times (§6.5)
NOT_CONVERTED = 0x8000  # after a reset, and no temperature that the chip can have


class TMP117:
    """Texas Instruments TMP117 thermometer, ±0.1 °C from -20 to 50 °C (datasheet SNOSD82D)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    channels = (Channel("temperature", "°C", -55, 150, 1 / 128),)

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Read the device id."""
        ours = self._read(DEVICE_ID) & ~REVISION == CHIP_ID
        return Identity("TMP117", certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Reset the chip to what its EEPROM holds, which is never written here."""
        found = self._read(DEVICE_ID)
        if found & ~REVISION != CHIP_ID:
            raise WrongChip(self._port.where, f"no TMP117: its id is {found:04x}")
        self._write(RESET)
        yield RESET_SECONDS
        self._forget()

    def measure(self) -> Steps[dict[str, float]]:
        """Convert eight times, as one value."""
        self._forget()
        self._write(ONE_SHOT | AVERAGE_8)
        yield SECONDS
        self._expect(READY | SHUTDOWN | AVERAGE_8)
        raw = self._read(TEMPERATURE)
        self._expect(SHUTDOWN | AVERAGE_8)
        if raw == NOT_CONVERTED:
            raise NotReady(self._port.where, "nothing was converted since a reset")
        return checked(self.channels, {"temperature": temperature(raw)}, self._port.where)

    def _expect(self, wanted: int) -> None:
        held = self._word(CONFIGURATION)
        if held == wanted:
            return
        if held == wanted & ~READY or held & ~READY == ONE_SHOT | AVERAGE_8:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")
        if held in {0x0000, 0xFFFF}:
            raise DeadFrame(self._port.where, f"the chip answers {held:04x} only")
        raise LostConfiguration(self._port.where, f"configured {held:04x} instead of {wanted:04x}")

    def _forget(self) -> None:
        """Clear the flag of an older result, which reading does, unless misheard."""
        for _ in range(2):
            self._word(CONFIGURATION)

    def _read(self, register: int) -> int:
        return int.from_bytes(self._port.read_steady(2, bytes([register])))

    def _word(self, register: int) -> int:
        return int.from_bytes(self._port.write_read(bytes([register]), 2))

    def _write(self, setting: int) -> None:
        self._port.write(bytes([CONFIGURATION, *setting.to_bytes(2)]))


def temperature(raw: int) -> float:
    """Return °C: two's complement, 1/128 °C each.

    Table 7-1: 8000 → -256, F380 → -25, FFF0 → -0.125, FFFF → -1/128, 0000 → 0, 0001 → 1/128,
    0010 → 0.125, 0080 → 1, 0C80 → 25, 3200 → 100, 7FFF → 255.9922.
    """
    return (raw - 0x10000 if raw & 0x8000 else raw) / 128
