"""Microchip MCP9808 thermometer (datasheet DS25095A).

The chip has neither checksum nor ready flag: it sleeps between two measurements, so that the first
result after it woke is a new one; the marked configuration shows that no brown-out came between.
"""

from typing import ClassVar

from drivers.base.blindness import NO_NEWS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, signed

# Registers, table 5-1
CONFIGURATION, AMBIENT, MANUFACTURER, DEVICE, RESOLUTION = 0x01, 0x05, 0x06, 0x07, 0x08
MICROCHIP, CHIP = 0x0054, 0x04  # the low byte of DEVICE is the revision
SHUTDOWN = 0x0100
MARK = 0x0200  # hysteresis 1.5 °C of an alert that is off: differs from power-on only
FINEST = 0x03  # 0.0625 °C
SECONDS = 0.3  # t_CONV is 250 ms, typically


class MCP9808:
    """Microchip MCP9808 thermometer, ±0.25 °C from -40 to 125 °C (datasheet DS25095A)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (NO_NEWS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x18, 0x20))
    channels = (Channel("temperature", "°C", -40, 125, 0.0625),)

    def __init__(self, port: I2CPort) -> None:
        self._port = port
        self._registers = WordRegisters(port)

    def identify(self) -> Identity | None:
        """Read manufacturer and device id."""
        maker, chip = (self._registers.read(each) for each in (MANUFACTURER, DEVICE))
        ours = (maker, chip >> 8) == (MICROCHIP, CHIP)
        return Identity("MCP9808", certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Set the finest resolution, mark the configuration and let the chip sleep."""
        maker, chip = (self._registers.read_steady(each) for each in (MANUFACTURER, DEVICE))
        self._registers.refuse_dead(maker)
        if maker != MICROCHIP or chip >> 8 != CHIP:
            raise WrongChip(self._port.where, f"no MCP9808: its ids are {maker:04x}, {chip:04x}")
        self._port.write(bytes([RESOLUTION, FINEST]))
        self._registers.write(CONFIGURATION, MARK | SHUTDOWN)
        self._expect(MARK | SHUTDOWN)
        yield from ()

    def measure(self) -> Steps[Values]:
        """Wake the chip for one conversion."""
        self._expect(MARK | SHUTDOWN)
        self._registers.write(CONFIGURATION, MARK)
        self._expect(MARK)
        yield SECONDS
        raw, held = self._registers.read_in_turn(AMBIENT, CONFIGURATION)
        self._registers.refuse_changed(held, MARK)
        self._expect(MARK)
        self._registers.write(CONFIGURATION, MARK | SHUTDOWN)
        return checked(self.channels, {"temperature": temperature(raw)}, self._port.where)

    def _expect(self, wanted: int) -> None:
        """Make sure of configuration and resolution, which a brown-out or noise has changed."""
        self._registers.refuse_changed(self._registers.read_steady(CONFIGURATION), wanted)
        if self._port.write_read(bytes([RESOLUTION]), 1)[0] != FINEST:
            raise LostConfiguration(self._port.where, "its resolution is not the finest")


def temperature(raw: int) -> float:
    """Return °C: 13 bits, 1/16 °C each; the bits above are the alerts' (§5.1.3).

    C194 → 25.25 (example 5-1); 1E6C → -25.25. The pseudo-code beside it has the wrong sign.
    """
    return signed(raw, 13) / 16
