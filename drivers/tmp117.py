"""Texas Instruments TMP117 thermometer (datasheet SNOSD82D): one conversion for each measurement.

The chip has no checksum; but every result is read several times, beside a configuration that says
that a new one is ready and that no brown-out came between.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, signed

# Registers and bits, tables 7-6 and 7-8
TEMPERATURE, CONFIGURATION, OFFSET, DEVICE_ID = 0x00, 0x01, 0x07, 0x0F
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
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    channels = (Channel("temperature", "°C", -55, 150, 1 / 128),)
    _offset: int  # what the chip adds; `setup` reads it

    def __init__(self, port: I2CPort) -> None:
        self._port = port
        self._registers = WordRegisters(port)

    def identify(self) -> Identity | None:
        """Read the device id."""
        ours = self._registers.read_steady(DEVICE_ID) & ~REVISION == CHIP_ID
        return Identity("TMP117", certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Reset the chip to what its EEPROM holds, which is never written here."""
        found = self._registers.read_steady(DEVICE_ID)
        if found & ~REVISION != CHIP_ID:
            raise WrongChip(self._port.where, f"no TMP117: its id is {found:04x}")
        self._registers.write(CONFIGURATION, RESET)
        yield RESET_SECONDS
        self._marks = self._registers.read_in_turn(OFFSET, DEVICE_ID)
        self._forget()

    def measure(self) -> Steps[Values]:
        """Convert eight times, as one value."""
        self._forget()
        self._registers.write(CONFIGURATION, ONE_SHOT | AVERAGE_8)
        yield SECONDS
        self._expect(READY | SHUTDOWN | AVERAGE_8)
        raw, *marks = self._registers.read_in_turn(TEMPERATURE, OFFSET, DEVICE_ID)
        self._expect(SHUTDOWN | AVERAGE_8)
        for held, wanted in zip(marks, self._marks, strict=True):
            self._registers.refuse_changed(held, wanted)
        if raw == NOT_CONVERTED:
            raise NotReady(self._port.where, "nothing was converted since a reset")
        return checked(self.channels, {"temperature": temperature(raw)}, self._port.where)

    def _expect(self, wanted: int) -> None:
        held = self._registers.read(CONFIGURATION)
        if held == wanted:
            return
        if held == wanted & ~READY or held & ~READY == ONE_SHOT | AVERAGE_8:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")
        self._registers.refuse_dead(held)
        self._registers.refuse_changed(held, wanted)

    def _forget(self) -> None:
        """Clear the flag of an older result, which reading does, unless misheard."""
        for _ in range(2):
            self._registers.read(CONFIGURATION)


def temperature(raw: int) -> float:
    """Return °C: two's complement, 1/128 °C each.

    Table 7-1: 8000 → -256, F380 → -25, FFF0 → -0.125, FFFF → -1/128, 0000 → 0, 0001 → 1/128,
    0010 → 0.125, 0080 → 1, 0C80 → 25, 3200 → 100, 7FFF → 255.9922.
    """
    return signed(raw) / 128
