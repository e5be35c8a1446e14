"""What the power monitors of Texas Instruments share that have ids and a flag for a new result.

None has a checksum: every result is read several times, beside a configuration that says that it
is new.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps
from drivers.base.errors import NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters

CONFIGURATION = 0x00
TEXAS_INSTRUMENTS = 0x5449
RESET = 0x8000
TRIGGERED = 0x0003  # shunt and bus, once; at power-on it is 7, continuously
SLOWEST = 1.1  # the longest conversion of any chip, by the typical one

Average = Literal[1, 4, 16, 64, 128, 256, 512, 1024]
AVERAGES: dict[Average, int] = {1: 0, 4: 1, 16: 2, 64: 3, 128: 4, 256: 5, 512: 6, 1024: 7}

AdcTime = Literal["140us", "204us", "332us", "588us", "1.1ms", "2.116ms", "4.156ms", "8.244ms"]
ADC_SECONDS: dict[AdcTime, float] = {
    "140us": 140e-6,
    "204us": 204e-6,
    "332us": 332e-6,
    "588us": 588e-6,
    "1.1ms": 1.1e-3,
    "2.116ms": 2.116e-3,
    "4.156ms": 4.156e-3,
    "8.244ms": 8.244e-3,
}


class PowerMonitor:
    """An INA226, INA228, INA260 or INA3221.

    `fixed` is what the register `set_by` holds besides the average; `ids` are the registers of
    manufacturer and die.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    deadline: float = 20.0  # the longest average of three quantities of an INA228, twice
    chip: ClassVar[str]
    ids: ClassVar[tuple[int, int]] = (0xFE, 0xFF)
    set_by: ClassVar[int] = CONFIGURATION
    die: ClassVar[int]
    mask: ClassVar[int]  # the register of the flag
    ready: ClassVar[int]

    def __init__(
        self,
        port: I2CPort,
        fixed: int,
        average: Average,
        adc_time: AdcTime = "1.1ms",
        quantities: int = 2,
    ) -> None:
        """`quantities`: how many are converted one after the other, `average` times each."""
        self._port = port
        self._registers = WordRegisters(port)
        self._setting = fixed | AVERAGES[average] << 9 | conversion(adc_time) | TRIGGERED
        self._seconds = quantities * average * SLOWEST * ADC_SECONDS[adc_time]
        self.deadline = max(self.deadline, 2.5 * self._seconds)

    def identify(self) -> Identity | None:
        """Read manufacturer and die id."""
        ours = tuple(map(self._registers.read, self.ids)) == (TEXAS_INSTRUMENTS, self.die)
        return Identity(self.chip, certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Reset the chip; raise `WrongChip` for another one."""
        maker, die = map(self._registers.read_steady, self.ids)
        self._registers.refuse_dead(maker)
        if (maker, die) != (TEXAS_INSTRUMENTS, self.die):
            what = f"no {self.chip}: its ids are {maker:04x}, {die:04x}"
            raise WrongChip(self._port.where, what)
        self._registers.write(CONFIGURATION, RESET)
        yield 0.001
        self._registers.write(self.set_by, self._setting)
        yield self._seconds

    def _convert(self) -> Steps[None]:
        """Convert once; raise `NotReady` or `LostConfiguration` if that gave no result."""
        self._registers.read(self.mask)  # clears the flag of an older result
        self._registers.write(self.set_by, self._setting)
        self._expect_setting()
        yield self._seconds
        if not self._registers.read(self.mask) & self.ready:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")

    def _results(self, *registers: int) -> tuple[int, ...]:
        """Return results, read in turn with the configuration, which shows a dead line."""
        *results, held = self._registers.read_in_turn(*registers, self.set_by)
        self._registers.refuse_changed(held, self._setting)
        return tuple(results)

    def _expect_setting(self) -> None:
        held = self._registers.read_steady(self.set_by)
        self._registers.refuse_changed(held, self._setting)


def conversion(adc_time: AdcTime) -> int:
    """Return the bits for so long a conversion of shunt and bus: 1.1 ms is 0120."""
    code = list(ADC_SECONDS).index(adc_time)
    return code << 6 | code << 3


def checked_shunt(name: str, ohms: float) -> float:
    """Return the resistance of a shunt; raise ValueError for one that cannot be."""
    if not 0.0001 <= ohms <= 10:
        raise ValueError(f"{name} is {ohms:g}: wanted 0.0001 to 10 Ω")
    return ohms


def clipped_shunt(volts: float, where: str) -> OutOfRange:
    """Return the error of a current that is beyond the range of the shunt's voltage."""
    what = f"more than {volts:.4f} V at the shunt"
    return OutOfRange(where, what, "use a smaller shunt, and say so with `shunt`")


def power_channel(name: str, voltage: Channel, current: Channel) -> Channel:
    """Return the channel of a power, as the product of two channels."""
    most = voltage.high * current.high
    step = voltage.high * current.resolution + voltage.resolution * current.high
    return Channel(name, "W", -most, most, step, "power", needs=(voltage.name, current.name))
