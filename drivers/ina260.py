"""Texas Instruments INA260 voltage and current monitor with a shunt inside (datasheet SBOS656C)."""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import Steps, Values, checked
from drivers.base.i2c import I2CPort
from drivers.base.power_monitor import (
    AdcTime,
    Average,
    PowerMonitor,
    power_channel,
)
from drivers.base.registers import signed

# Registers and bits, §8.6
CURRENT, BUS = 0x01, 0x02
FIXED = 0x6000  # reads 110
AMPERES = VOLTS = 1.25e-3  # per code
VOLTAGE = Channel("voltage", "V", 0, 36, VOLTS)
AMPERAGE = Channel("current", "A", -15, 15, AMPERES)


class INA260(PowerMonitor):
    """Texas Instruments INA260 voltage, current and power monitor, 36 V and 15 A (SBOS656C)."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    chip: ClassVar[str] = "INA260"
    die: ClassVar[int] = 0x2270
    mask: ClassVar[int] = 0x06
    ready: ClassVar[int] = 0x0008
    channels = (VOLTAGE, AMPERAGE, power_channel("power", VOLTAGE, AMPERAGE))

    def __init__(
        self, port: I2CPort, *, average: Average = 16, adc_time: AdcTime = "1.1ms"
    ) -> None:
        """`average`: of how many measurements; `adc_time`: how long each takes."""
        super().__init__(port, FIXED, average, adc_time)

    def measure(self) -> Steps[Values]:
        """Measure current and voltage, one after the other, as often as is averaged."""
        yield from self._convert()
        code, bus = self._results(CURRENT, BUS)
        amperes, volts = current(code), bus * VOLTS
        values = {"voltage": volts, "current": amperes, "power": volts * amperes}
        return checked(self.channels, values, self._port.where)


def current(code: int) -> float:
    """Return A, 1.25 mA each in two's complement (§8.5: 1F40 → 10 A; beside 2570, 11.98 V)."""
    return signed(code) * AMPERES
