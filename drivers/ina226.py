"""Texas Instruments INA226 voltage and current monitor (datasheet SBOS547A).

Current is computed from the shunt's voltage here: the chip's own calibration register is lost in a
brown-out, and would then say 0 A.
"""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import Steps, Values, checked
from drivers.base.i2c import I2CPort
from drivers.base.power_monitor import (
    AdcTime,
    Average,
    PowerMonitor,
    checked_shunt,
    clipped_shunt,
    power_channel,
)
from drivers.base.registers import signed

# Registers and bits, tables 7-3, 7-7 and 7-14
SHUNT, BUS = 0x01, 0x02
FIXED = 0x4000  # reads 1
SHUNT_VOLTS, BUS_VOLTS = 2.5e-6, 1.25e-3
CLIPPED = {0x7FFF, 0x8000}


class INA226(PowerMonitor):
    """Texas Instruments INA226 voltage, current and power monitor, 36 V (datasheet SBOS547A)."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    chip: ClassVar[str] = "INA226"
    die: ClassVar[int] = 0x2260
    mask: ClassVar[int] = 0x06
    ready: ClassVar[int] = 0x0008
    channels: tuple[Channel, ...] = (
        Channel("voltage", "V", 0, 36, BUS_VOLTS),
        Channel("current", "A", -0.8, 0.8, SHUNT_VOLTS / 0.1),
        Channel("power", "W", -29, 29, 0.001, needs=("voltage", "current")),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        shunt: float = 0.1,
        average: Average = 16,
        adc_time: AdcTime = "1.1ms",
    ) -> None:
        """`shunt`: Ω, 0.0001 to 10, 0.1 on most boards; `average`: of how many measurements.

        `adc_time`: how long each of them takes, for shunt and bus.
        """
        super().__init__(port, FIXED, average, adc_time)
        self._shunt = checked_shunt("shunt", shunt)
        most = 0.08 / shunt
        voltage = Channel("voltage", "V", 0, 36, BUS_VOLTS)
        amperes = Channel("current", "A", -most, most, SHUNT_VOLTS / shunt)
        self.channels = (voltage, amperes, power_channel("power", voltage, amperes))

    def measure(self) -> Steps[Values]:
        """Measure shunt and bus, one after the other, as often as is averaged."""
        yield from self._convert()
        shunt, bus = self._results(SHUNT, BUS)
        volts, amperes = bus * BUS_VOLTS, current(shunt, self._shunt)
        too_much = clipped_shunt(0x7FFF * SHUNT_VOLTS, self._port.where)
        values = {
            "voltage": volts,
            "current": too_much if shunt in CLIPPED else amperes,
            "power": volts * amperes,
        }
        return checked(self.channels, values, self._port.where)


def current(code: int, shunt: float) -> float:
    """Return A from the shunt register, 2.5 µV each in two's complement, and the shunt in Ω.

    §8.2.2.3: 1F40 at 2 mΩ → 10 A; beside 2570, 11.98 V, that is 119.8 W.
    """
    return signed(code) * SHUNT_VOLTS / shunt
