"""Texas Instruments ADS1115 analog-to-digital converter (datasheet SBAS444E).

The chip has no identification and no checksum, but its configuration can be read back: it shows
that a conversion began, that it ended, and that no brown-out came between, since ours always
differs from the power-on value.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import OPEN_INPUT, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.declared import each_once
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DriverError, NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, signed

# Registers, table 8-1
CONVERSION, CONFIG, LO_THRESH, HI_THRESH = range(4)
POWER_ON_THRESHOLDS = (0x8000, 0x7FFF)

# Fields of the configuration, table 8-3
START = 0x8000  # reads 1 while no conversion is going on
SINGLE_SHOT = 0x0100
# Comparator off, as at power-on, and its latch on, which has no effect then: a mark
MARK = 0x0007
MUX = {"a0-a1": 0, "a0-a3": 1, "a1-a3": 2, "a2-a3": 3, "a0": 4, "a1": 5, "a2": 6, "a3": 7}
FULL_SCALES = {"6.144V": 0, "4.096V": 1, "2.048V": 2, "1.024V": 3, "0.512V": 4, "0.256V": 5}
RATES = {8: 0, 16: 1, 32: 2, 64: 3, 128: 4, 250: 5, 475: 6, 860: 7}
SLOW = 0x00E0  # none of these bits: the slowest rate

OSCILLATOR = 0.9  # of its nominal frequency, at worst (§6.5)
SLOWEST = 1 / (8 * OSCILLATOR)  # seconds
IDENTIFYING = 0.040  # an ADS1015 has long converted at its slowest rate then, an ADS1115 has not
WAKE_UP = 0.0001  # 25 µs (§8.4.2.1)

Input = Literal["a0", "a1", "a2", "a3", "a0-a1", "a0-a3", "a1-a3", "a2-a3"]
FullScale = Literal["6.144V", "4.096V", "2.048V", "1.024V", "0.512V", "0.256V"]
Rate = Literal[8, 16, 32, 64, 128, 250, 475, 860]


class ADS1115:
    """Texas Instruments ADS1115 analog-to-digital converter, 16 bits (datasheet SBAS444E).

    A channel for each of the `inputs`: a pin against ground, or the difference of two.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (OPEN_INPUT, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    channels: tuple[Channel, ...] = tuple(
        Channel(name, "V", -6.144, 6.144, 0.256 / 32768, "voltage") for name in sorted(MUX)
    )
    chip: ClassVar[str] = "ADS1115"
    step: ClassVar[int] = 1  # codes between two results

    def __init__(
        self,
        port: I2CPort,
        *,
        inputs: tuple[Input, ...] = ("a0",),
        full_scale: FullScale = "4.096V",
        rate: Rate = 128,
    ) -> None:
        """`rate`: samples per second; at fewer, each is an average over a longer time."""
        self._connect(port, inputs, full_scale, 1 / rate)
        self._settings = {name: config(name, full_scale, RATES[rate]) for name in inputs}

    def _connect(
        self, port: I2CPort, inputs: tuple[Input, ...], full_scale: FullScale, seconds: float
    ) -> None:
        each_once("inputs", inputs)
        self._port = port
        self._registers = WordRegisters(port)
        self._full_scale = float(full_scale.removesuffix("V"))
        self._seconds = seconds / OSCILLATOR + WAKE_UP
        codes = (self.step - 32768, 32768 - 2 * self.step, self.step)
        low, high, step = (voltage(code, self._full_scale) for code in codes)
        self.channels = tuple(Channel(name, "V", low, high, step, "voltage") for name in inputs)

    def identify(self) -> Identity | None:
        """Assume the chip if two registers that few people use have its power-on values."""
        thresholds = (self._registers.read(LO_THRESH), self._registers.read(HI_THRESH))
        return Identity(self.chip, certain=False) if thresholds == POWER_ON_THRESHOLDS else None

    def setup(self) -> Steps[None]:
        """End a continuous mode; raise `WrongChip` if the chip does not keep what is written.

        The two relatives have the same registers, but different conversion times.
        """
        setting = next(iter(self._settings.values()))
        self._registers.write(CONFIG, setting & ~START)
        yield SLOWEST
        held = self._configuration()
        if held != setting:
            what = f"no {self.chip}: wrote {setting:04x}, its register 1 is {held:04x}"
            raise WrongChip(self._port.where, what)
        self._registers.write(CONFIG, setting & ~SLOW)
        yield IDENTIFYING
        self._refuse_relative(busy=not self._configuration() & START)
        yield SLOWEST

    def _refuse_relative(self, *, busy: bool) -> None:
        if not busy:
            raise WrongChip(
                self._port.where, "too fast for an ADS1115", 'an ADS1015? set driver = "ads1015"'
            )

    def measure(self) -> Steps[Values]:
        """Measure the inputs one after the other; one that is clipped has no value."""
        values: dict[str, float | DriverError] = {}
        for name, setting in self._settings.items():
            values[name] = self._value(name, (yield from self._convert(setting)))
        return checked(self.channels, values, self._port.where)

    def _value(self, name: Input, code: int) -> float | DriverError:
        if code not in {-32768, 32768 - self.step}:
            return voltage(code, self._full_scale)
        return OutOfRange(
            self._port.where,
            f"{name} is beyond {self._full_scale:g} V",
            "use a larger `full_scale`, or a voltage divider",
        )

    def _convert(self, setting: int) -> Steps[int]:
        """Return the signed code of one input, read once before the last check and once after."""
        if not self._configuration() & START:  # it would continue with the input it began with
            raise NotReady(self._port.where, "busy", "does another program use this chip?")
        self._registers.write(CONFIG, setting)
        self._expect(setting & ~START, "no conversion began", "check the wiring, or lower `rate`")
        yield self._seconds
        code = self._registers.read(CONVERSION)
        self._expect(setting, "still converting after the datasheet's longest time")
        self._registers.confirm(CONVERSION, code)
        return signed(code)

    def _expect(self, wanted: int, what: str, hint: str = "") -> None:
        """Raise `NotReady` if only the state differs, `LostConfiguration` if more does."""
        held = self._configuration()
        if held == wanted ^ START:
            raise NotReady(self._port.where, what, hint)
        self._registers.refuse_changed(held, wanted)

    def _configuration(self) -> int:
        held = self._registers.read(CONFIG)
        self._registers.refuse_dead(held)
        return held


def config(name: Input, full_scale: FullScale, rate: int) -> int:
    """Return the configuration that starts one conversion, `rate` by its bits (table 8-3)."""
    fields = MUX[name] << 12 | FULL_SCALES[full_scale] << 9 | rate << 5
    return START | SINGLE_SHOT | fields | MARK


def voltage(code: int, full_scale: float) -> float:
    """Return V: full scale is 2^15 codes (§8.5.4)."""
    return code * full_scale / 32768
