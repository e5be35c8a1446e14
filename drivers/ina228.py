"""Texas Instruments INA228 voltage, current and temperature monitor (datasheet SLYS021A).

Current is computed from the shunt's voltage here: the chip's own calibration register is lost in a
brown-out, and would then say 0 A.
"""

from typing import ClassVar, Literal

from drivers.base.channel import Channel
from drivers.base.driver import Steps, Values, checked
from drivers.base.i2c import I2CPort
from drivers.base.power_monitor import (
    AVERAGES,
    CONFIGURATION,
    Average,
    PowerMonitor,
    checked_shunt,
    clipped_shunt,
    power_channel,
)
from drivers.base.registers import refuse_changed, signed

# Registers and bits, §7.6
ADC, SHUNT, BUS, TEMPERATURE = 0x01, 0x04, 0x05, 0x06
# All three, once, 1.052 ms each; at power-on FB68, continuously
ALL_ONCE = 0x7 << 12 | 5 << 9 | 5 << 6 | 5 << 3
RANGES = {"163.84mV": 0x0000, "40.96mV": 0x0010}
SHUNT_VOLTS = {"163.84mV": 312.5e-9, "40.96mV": 78.125e-9}
BUS_VOLTS, DEGREES = 195.3125e-6, 7.8125e-3
MOST = 0x7FFFE  # codes of a shunt; the next one and -80000 are clipped
RESULTS = (
    *((bytes([each]), 3) for each in (SHUNT, BUS)),
    *((bytes([each]), 2) for each in (TEMPERATURE, ADC, CONFIGURATION)),
)
VOLTAGE = Channel("voltage", "V", 0, 85, BUS_VOLTS)
DIE = Channel("temperature", "°C", -40, 125, DEGREES)

FullScale = Literal["163.84mV", "40.96mV"]


def channels_of(shunt: float, full_scale: FullScale) -> tuple[Channel, ...]:
    """Return the channels with a shunt of so many Ω."""
    step = SHUNT_VOLTS[full_scale] / shunt
    amperes = Channel("current", "A", -MOST * step, MOST * step, step)
    return (VOLTAGE, amperes, power_channel("power", VOLTAGE, amperes), DIE)


class INA228(PowerMonitor):
    """Texas Instruments INA228 voltage, current and power monitor, 85 V, 20 bits (SLYS021A).

    `temperature` is its own.
    """

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    chip: ClassVar[str] = "INA228"
    ids: ClassVar[tuple[int, int]] = (0x3E, 0x3F)
    die: ClassVar[int] = 0x2281
    set_by: ClassVar[int] = ADC
    mask: ClassVar[int] = 0x0B
    ready: ClassVar[int] = 0x0002
    channels: tuple[Channel, ...] = channels_of(0.015, "163.84mV")

    def __init__(
        self,
        port: I2CPort,
        *,
        shunt: float = 0.015,
        full_scale: FullScale = "163.84mV",
        average: Average = 16,
    ) -> None:
        """`shunt`: Ω, 0.0001 to 10; `full_scale`: the most that falls there; `average`: samples."""
        super().__init__(port, 0, average, quantities=3)
        self._setting = ALL_ONCE | AVERAGES[average]
        self._shunt = checked_shunt("shunt", shunt)
        self._range = RANGES[full_scale]
        self._volts = SHUNT_VOLTS[full_scale]
        self.channels = channels_of(shunt, full_scale)

    def setup(self) -> Steps[None]:
        """Reset the chip and set its range; raise `WrongChip` for another one."""
        yield from super().setup()
        self._registers.write(CONFIGURATION, self._range)

    def measure(self) -> Steps[Values]:
        """Measure shunt, bus and its own temperature, one after the other."""
        yield from self._convert()
        shunt, bus, warmth, *held = self._port.read_in_turn(*RESULTS)
        wanted = self._setting.to_bytes(2) + self._range.to_bytes(2)
        refuse_changed(b"".join(held), wanted, self._port.where)
        return checked(self.channels, self._values(shunt, bus, warmth), self._port.where)

    def _values(self, shunt_frame: bytes, bus: bytes, warmth: bytes) -> Values:
        shunt = code(shunt_frame)
        volts, amperes = code(bus) * BUS_VOLTS, shunt * self._volts / self._shunt
        too_much = clipped_shunt(MOST * self._volts, self._port.where)
        return {
            "voltage": volts,
            "current": amperes if abs(shunt) <= MOST else too_much,
            "power": volts * amperes,
            "temperature": signed(int.from_bytes(warmth)) * DEGREES,
        }


def code(frame: bytes) -> int:
    """Return the 20 bits of a register of three bytes, in two's complement."""
    return signed(int.from_bytes(frame) >> 4, 20)
