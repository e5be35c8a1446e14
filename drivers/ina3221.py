"""Texas Instruments INA3221 voltage and current monitor for three circuits (datasheet SBOS576B)."""

from typing import ClassVar, Literal

from drivers.base.channel import Channel
from drivers.base.declared import each_once
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

# Registers and bits, §8.6: shunt and bus of an input follow each other
SHUNT, BUS = (0, 1, 3, 5), (0, 2, 4, 6)
ENABLED = (0, 0x4000, 0x2000, 0x1000)
SHUNT_VOLTS, BUS_VOLTS = 40e-6, 8e-3  # each code; the three lowest bits are none
MOST = 4094  # codes of a shunt; the next one and -4096 are clipped

Input = Literal[1, 2, 3]


def channels_of(number: int, shunt: float) -> tuple[Channel, ...]:
    """Return the three channels of an input with a shunt of so many Ω."""
    step = SHUNT_VOLTS / shunt
    voltage = Channel(f"voltage_{number}", "V", 0, 26, BUS_VOLTS, "voltage")
    amperes = Channel(f"current_{number}", "A", -MOST * step, MOST * step, step, "current")
    return (voltage, amperes, power_channel(f"power_{number}", voltage, amperes))


class INA3221(PowerMonitor):
    """Texas Instruments INA3221 voltage, current and power monitor, 3 inputs of 26 V (SBOS576B).

    `shunt_1` to `shunt_3` are the resistances at the inputs; 0.1 Ω on most boards.
    """

    addresses: ClassVar[tuple[int, ...]] = (0x40, 0x41, 0x42, 0x43)
    chip: ClassVar[str] = "INA3221"
    die: ClassVar[int] = 0x3220
    mask: ClassVar[int] = 0x0F
    ready: ClassVar[int] = 0x0001
    channels: tuple[Channel, ...] = tuple(one for n in (1, 2, 3) for one in channels_of(n, 0.1))

    def __init__(
        self,
        port: I2CPort,
        *,
        inputs: tuple[Input, ...] = (1, 2, 3),
        shunt_1: float = 0.1,
        shunt_2: float = 0.1,
        shunt_3: float = 0.1,
        average: Average = 16,
        adc_time: AdcTime = "1.1ms",
    ) -> None:
        """`shunt_1`, `shunt_2`, `shunt_3`: Ω, 0.0001 to 10; `average`: of how many measurements.

        `adc_time`: how long each of them takes, for each shunt and bus.
        """
        each_once("inputs", inputs)
        shunts = {1: shunt_1, 2: shunt_2, 3: shunt_3}
        self._shunts = {n: checked_shunt(f"shunt_{n}", shunts[n]) for n in sorted(inputs)}
        enabled = sum(ENABLED[n] for n in self._shunts)
        super().__init__(port, enabled, average, adc_time, 2 * len(self._shunts))
        self.channels = tuple(
            one for n, shunt in self._shunts.items() for one in channels_of(n, shunt)
        )

    def measure(self) -> Steps[Values]:
        """Measure shunt and bus of each input, one after the other, as often as is averaged."""
        yield from self._convert()
        found = self._results(*(each for n in self._shunts for each in (SHUNT[n], BUS[n])))
        codes = zip(self._shunts, found[::2], found[1::2], strict=True)
        values = {name: one for n, *two in codes for name, one in self._values(n, *two).items()}
        return checked(self.channels, values, self._port.where)

    def _values(self, n: Input, shunt: int, bus: int) -> Values:
        code, volts = signed(shunt) >> 3, (signed(bus) >> 3) * BUS_VOLTS
        amperes = current(code, self._shunts[n])
        too_much = clipped_shunt((MOST + 1) * SHUNT_VOLTS, self._port.where)
        return {
            f"voltage_{n}": volts,
            f"current_{n}": amperes if abs(code) <= MOST else too_much,
            f"power_{n}": volts * amperes,
        }


def current(code: int, shunt: float) -> float:
    """Return A from the code of a shunt's voltage, 40 µV each, and the shunt in Ω.

    §8.6.2.2: -80 mV is F830, thus code -2000.
    """
    return code * SHUNT_VOLTS / shunt
