"""Texas Instruments INA226 voltage and current monitor (datasheet SBOS547A).

Current is computed from the shunt's voltage here: the chip's own calibration register is lost in a
brown-out, and would then say 0 A. There is no checksum: every result is read several times, beside
a configuration that says that it is new.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, signed

# Registers and bits, tables 7-3, 7-7 and 7-14
CONFIGURATION, SHUNT, BUS, MASK, MANUFACTURER, DIE = 0x00, 0x01, 0x02, 0x06, 0xFE, 0xFF
TEXAS_INSTRUMENTS, INA226_ID = 0x5449, 0x2260
RESET = 0x8000
AVERAGE_16, EACH_1_1_MS = 0x0400, 0x0120
FIXED = 0x4000  # reads 1
TRIGGERED = 0x0003  # shunt and bus, once; at power-on it is 7, continuously
SETTING = FIXED | AVERAGE_16 | EACH_1_1_MS | TRIGGERED
READY = 0x0008
SECONDS = 2 * 16 * 0.00121  # the longest (§6.5)
SHUNT_VOLTS, BUS_VOLTS = 2.5e-6, 1.25e-3
FULL_SHUNT = 32767 * SHUNT_VOLTS
CLIPPED = {0x7FFF, 0x8000}


class INA226:
    """Texas Instruments INA226 voltage, current and power monitor, 36 V (datasheet SBOS547A)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    channels: tuple[Channel, ...] = (
        Channel("voltage", "V", 0, 36, BUS_VOLTS),
        Channel("current", "A", -0.8, 0.8, SHUNT_VOLTS / 0.1),
        Channel("power", "W", -29, 29, 0.001, needs=("voltage", "current")),
    )

    def __init__(self, port: I2CPort, *, shunt: float = 0.1) -> None:
        """`shunt`: Ω, 0.0001 to 10; 0.1 on most boards."""
        if not 0.0001 <= shunt <= 10:
            raise ValueError(f"shunt is {shunt:g}: wanted 0.0001 to 10 Ω")
        self._port = port
        self._registers = WordRegisters(port)
        self._shunt = shunt
        most, step = 0.08 / shunt, SHUNT_VOLTS / shunt
        self.channels = (
            Channel("voltage", "V", 0, 36, BUS_VOLTS),
            Channel("current", "A", -most, most, step),
            Channel(
                "power",
                "W",
                -36 * most,
                36 * most,
                36 * step + BUS_VOLTS * most,
                needs=("voltage", "current"),
            ),
        )

    def identify(self) -> Identity | None:
        """Read manufacturer and die id."""
        found = (self._registers.read(MANUFACTURER), self._registers.read(DIE))
        ours = found == (TEXAS_INSTRUMENTS, INA226_ID)
        return Identity("INA226", certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Reset the chip; raise `WrongChip` for another one."""
        maker, die = (self._registers.read_steady(each) for each in (MANUFACTURER, DIE))
        self._registers.refuse_dead(maker)
        if (maker, die) != (TEXAS_INSTRUMENTS, INA226_ID):
            raise WrongChip(self._port.where, f"no INA226: its ids are {maker:04x}, {die:04x}")
        self._registers.write(CONFIGURATION, RESET)
        yield 0.001
        self._registers.write(CONFIGURATION, SETTING)
        yield SECONDS

    def measure(self) -> Steps[Values]:
        """Measure shunt and bus, one after the other, sixteen times each."""
        self._registers.read(MASK)  # clears the flag of an older result
        self._registers.write(CONFIGURATION, SETTING)
        self._expect_setting()
        yield SECONDS
        if not self._registers.read(MASK) & READY:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")
        shunt, bus = self._registers.read_steady(SHUNT), self._registers.read_steady(BUS)
        self._expect_setting()
        volts, amperes = bus * BUS_VOLTS, current(shunt, self._shunt)
        values = {
            "voltage": volts,
            "current": self._too_much() if shunt in CLIPPED else amperes,
            "power": volts * amperes,
        }
        return checked(self.channels, values, self._port.where)

    def _too_much(self) -> OutOfRange:
        what = f"more than {FULL_SHUNT:.4f} V at the shunt"
        return OutOfRange(self._port.where, what, "use a smaller shunt, and say so with `shunt`")

    def _expect_setting(self) -> None:
        self._registers.refuse_changed(self._registers.read_steady(CONFIGURATION), SETTING)


def current(code: int, shunt: float) -> float:
    """Return A from the shunt register, 2.5 µV each in two's complement, and the shunt in Ω.

    §8.2.2.3: 1F40 at 2 mΩ → 10 A; beside 2570, 11.98 V, that is 119.8 W.
    """
    return signed(code) * SHUNT_VOLTS / shunt
