"""Texas Instruments INA219 voltage and current monitor (datasheet SBOS448G).

Current is computed from the shunt's voltage here: the chip's own calibration register is lost in a
brown-out, and would then say 0 A. There is neither id nor checksum: every result is read several
times, beside a configuration that differs from the power-on value.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.power_monitor import checked_shunt, power_channel
from drivers.base.registers import WordRegisters, signed

# Registers and bits, figures 19 to 23
CONFIGURATION, SHUNT, BUS = 0x00, 0x01, 0x02
RESET, POWER_ON = 0x8000, 0x399F
UP_TO_32_V = 0x2000
GAINS = {"40mV": 0, "80mV": 1, "160mV": 2, "320mV": 3}
TRIGGERED = 0x0003  # shunt and bus, once; at power-on it is 7, continuously
READY, OVERFLOW = 0x0002, 0x0001
SECONDS = 2 * 0.000586  # the longest, for both (§6.5)
SHUNT_VOLTS, BUS_VOLTS = 10e-6, 4e-3

Average = Literal[1, 2, 4, 8, 16, 32, 64, 128]
FullScale = Literal["40mV", "80mV", "160mV", "320mV"]


class INA219:
    """Texas Instruments INA219 voltage, current and power monitor, 26 V (datasheet SBOS448G)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    channels: tuple[Channel, ...] = (
        Channel("voltage", "V", 0, 26, BUS_VOLTS),
        Channel("current", "A", -3.2, 3.2, SHUNT_VOLTS / 0.1),
        Channel("power", "W", -84, 84, 0.02, needs=("voltage", "current")),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        shunt: float = 0.1,
        full_scale: FullScale = "320mV",
        average: Average = 16,
    ) -> None:
        """`shunt`: Ω, 0.0001 to 10, 0.1 on most boards; `full_scale`: the most that falls there.

        `average`: of how many measurements.
        """
        self._port = port
        self._registers = WordRegisters(port)
        self._shunt = checked_shunt("shunt", shunt)
        self._setting = UP_TO_32_V | GAINS[full_scale] << 11 | averaging(average) | TRIGGERED
        self._seconds = average * SECONDS
        self._most = 4000 << GAINS[full_scale]  # codes
        amperes, step = (current(code, shunt) for code in (self._most - 1, 1))
        voltage = Channel("voltage", "V", 0, 26, BUS_VOLTS)
        amperage = Channel("current", "A", -amperes, amperes, step)
        self.channels = (voltage, amperage, power_channel("power", voltage, amperage))

    def identify(self) -> Identity | None:
        """Assume the chip if its configuration is as at power-on, or ours."""
        held = self._registers.read(CONFIGURATION)
        return Identity("INA219", certain=False) if held in {POWER_ON, self._setting} else None

    def setup(self) -> Steps[None]:
        """Reset the chip; raise `WrongChip` if it does not come back as the datasheet says."""
        self._registers.write(CONFIGURATION, RESET)
        yield 0.001
        held = self._registers.read_steady(CONFIGURATION)
        self._registers.refuse_dead(held)
        if held != POWER_ON:
            what = f"no INA219: after a reset its configuration is {held:04x}"
            raise WrongChip(self._port.where, what)
        self._registers.write(CONFIGURATION, self._setting)
        yield self._seconds

    def measure(self) -> Steps[Values]:
        """Measure shunt and bus, one after the other, as often as is averaged."""
        self._registers.write(CONFIGURATION, self._setting)  # clears the flag of an older result
        if self._registers.read(BUS) & READY:
            raise NotReady(self._port.where, "no conversion began")
        self._expect_setting()
        yield self._seconds
        # The flag before the result that it is about, which else may come between
        bus, shunt, held = self._registers.read_in_turn(BUS, SHUNT, CONFIGURATION)
        self._registers.refuse_changed(held, self._setting)
        if not bus & READY:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")
        return checked(self.channels, self._values(shunt, bus), self._port.where)

    def _values(self, shunt: int, bus: int) -> Values:
        code = signed(shunt)
        volts, amperes = (bus >> 3) * BUS_VOLTS, current(code, self._shunt)
        clipped = abs(code) >= self._most or bus & OVERFLOW
        return {
            "voltage": volts,
            "current": self._too_much() if clipped else amperes,
            "power": volts * amperes,
        }

    def _too_much(self) -> OutOfRange:
        return OutOfRange(
            self._port.where,
            f"more than {self._most * SHUNT_VOLTS:g} V at the shunt",
            "use a larger `full_scale`, or a smaller shunt and say so with `shunt`",
        )

    def _expect_setting(self) -> None:
        held = self._registers.read_steady(CONFIGURATION)
        self._registers.refuse_changed(held, self._setting)


def averaging(count: Average) -> int:
    """Return the bits for so many samples of shunt and bus, of 12 bits each (table 5)."""
    samples = 0b1000 | count.bit_length() - 1
    return samples << 7 | samples << 3


def current(code: int, shunt: float) -> float:
    """Return A from the shunt's code, 10 µV each, and the shunt in Ω.

    §8.2.2: 07D0 at 2 mΩ → 10 A; beside 5D98, 11.98 V, that is 119.8 W.
    """
    return code * SHUNT_VOLTS / shunt
