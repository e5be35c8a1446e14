"""Vishay VEML7700 ambient light sensor (datasheet 84286 rev 1.7; application note 84323).

The chip has no checksum and no ready flag. But its two thresholds can be set so that any result
lies beyond one of them, and then the flag that says so is a ready flag. Every measurement starts
the chip again, and reads back that it is still configured.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar, Literal

from drivers.base.blindness import DARKNESS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters

# Command codes: words, low byte first
CONF, HIGH_THRESHOLD, LOW_THRESHOLD, POWER_SAVING, ALS = range(5)
INTERRUPT_STATUS, DEVICE_ID = 6, 7

# Fields of the configuration
SHUT_DOWN = 0x0001
INTERRUPT_ENABLE = 0x0002  # always, so that no configuration is that of power-on, or 0
GAINS = {"1": 0, "2": 1, "1/8": 2, "1/4": 3}
FACTORS = {"1": 1.0, "2": 2.0, "1/8": 0.125, "1/4": 0.25}
INTEGRATION_TIMES = {25: 12, 50: 8, 100: 0, 200: 1, 400: 2, 800: 3}

# Beyond one of these lies every result: 0xFFFF above, all others below
THRESHOLDS = {HIGH_THRESHOLD: 0xFFFE, LOW_THRESHOLD: 0xFFFF, POWER_SAVING: 0}
CROSSED = 0xC000
CHIP_ID = 0x81  # the low byte; the high byte gives the address
NO_ID = {0x0000, 0xFFFF}  # older datasheets do not have the register

WAKE_UP = 0.0025  # seconds, "ALS_SD"
ATTEMPTS = 11  # in a tenth of the integration time each, until it took twice as long
SATURATED = 0xFFFF
FINEST = 0.0042  # lx per count, at gain 2 and 800 ms (rev 1.7; earlier ones say 0.0036)
BRIGHTEST = 140_000.0  # lx

DIM = 100  # counts: below, a gain 16 times as high is still far from saturated

Fixed = Literal["1/8", "1/4", "1", "2"]
Gain = Literal["auto", "1/8", "1/4", "1", "2"]
AUTOMATIC: tuple[Fixed, ...] = ("1/8", "2")
IntegrationTime = Literal[25, 50, 100, 200, 400, 800]


class VEML7700:
    """Vishay VEML7700 ambient light sensor (datasheet 84286 rev 1.7)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DARKNESS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x10,)
    channels: tuple[Channel, ...] = (Channel("illuminance", "lx", 0, BRIGHTEST, FINEST),)

    def __init__(
        self, port: I2CPort, *, gain: Gain = "1/8", integration_time: IntegrationTime = 100
    ) -> None:
        """`integration_time`: ms; more of either is for dim light, and saturates earlier.

        `gain`: "auto" is 1/8, and in dim light 2, in a second measurement.
        """
        self._port = port
        self._registers = WordRegisters(port, "little")
        self._gains = AUTOMATIC if gain == "auto" else (gain,)
        self._time = integration_time
        self._running = configuration(self._gains[0], integration_time)
        self._seconds = integration_time / 1000
        self.channels = (channel(self._gains, integration_time),)

    def identify(self) -> Identity | None:
        """Read the device id; assume the chip if there is none, as on older ones."""
        word = self._registers.read(DEVICE_ID)
        if word & 0xFF == CHIP_ID:
            return Identity("VEML7700", certain=True)
        return Identity("VEML7700", certain=False) if word in NO_ID else None

    def setup(self) -> Steps[None]:
        """Shut the chip down, set its thresholds, start it; raise `WrongChip` for another."""
        if self.identify() is None:
            found = self._registers.read(DEVICE_ID)
            raise WrongChip(self._port.where, f"no VEML7700: its id is {found:04x}")
        for register, word in {CONF: self._running | SHUT_DOWN, **THRESHOLDS}.items():
            self._registers.write(register, word)
            held = self._registers.read(register)
            if held != word:
                raise WrongChip(
                    self._port.where,
                    f"no VEML7700: wrote {word:04x}, its register {register} is {held:04x}",
                )
        self._registers.write(CONF, self._running)
        yield WAKE_UP

    def measure(self) -> Steps[Values]:
        """Measure from now on; raise `OutOfRange` in light that is too bright for the settings."""
        for gain in self._gains:
            count = yield from self._convert(gain)
            if count >= DIM:
                break
        if count == SATURATED:
            raise OutOfRange(
                self._port.where,
                f"brighter than {self.channels[0].high:.0f} lx",
                "use a smaller `gain`, or a shorter `integration_time`",
            )
        values = {"illuminance": illuminance(count * lux_per_count(gain, self._time))}
        return checked(self.channels, values, self._port.where)

    def _convert(self, gain: Fixed) -> Steps[int]:
        self._restart(gain)
        yield WAKE_UP + self._seconds
        yield from self._finished()
        count = self._count()
        self._expect(self._running)
        return count

    def _restart(self, gain: Fixed) -> None:
        """End the integration under way, clear the flags by reading them, and begin again."""
        self._expect(self._running)
        self._running = configuration(gain, self._time)
        self._registers.write(CONF, self._running | SHUT_DOWN)
        self._expect(self._running | SHUT_DOWN)
        self._registers.read(INTERRUPT_STATUS)
        self._registers.write(CONF, self._running)
        self._expect(self._running)

    def _finished(self) -> Steps[None]:
        for _ in range(ATTEMPTS):
            if self._registers.read(INTERRUPT_STATUS) & CROSSED:
                return
            yield self._seconds / 10
        raise NotReady(
            self._port.where, "no result after twice the integration time", "check its supply"
        )

    def _count(self) -> int:
        """Read the result more than once: the next one is most of an integration time away."""
        count, held = self._registers.read_in_turn(ALS, CONF)
        self._registers.refuse_changed(held, self._running)
        return count

    def _expect(self, wanted: int) -> None:
        held = self._registers.read(CONF)
        self._registers.refuse_dead(held)
        self._registers.refuse_changed(held, wanted)


def channel(gains: Sequence[Fixed], integration_time: IntegrationTime) -> Channel:
    """Return the channel: the first gain reaches farthest, the last one has the finest steps."""

    def shown(count: int) -> float:
        return illuminance(count * lux_per_count(gains[0], integration_time))

    top = bisect_left(range(SATURATED), BRIGHTEST, key=shown)
    high = min(shown(min(top, SATURATED - 1)), BRIGHTEST)
    if len(gains) == 1:
        return Channel("illuminance", "lx", 0, high, shown(top) - shown(top - 1))
    finest = lux_per_count(gains[-1], integration_time)
    return Channel("illuminance", "lx", 0, high, finest, relative=1.01 / DIM)


def configuration(gain: Fixed, integration_time: IntegrationTime) -> int:
    """Return the configuration of a chip that runs."""
    return GAINS[gain] << 11 | INTEGRATION_TIMES[integration_time] << 6 | INTERRUPT_ENABLE


def lux_per_count(gain: Fixed, integration_time: IntegrationTime) -> float:
    """Return lx per count, which halves as gain or time doubles (application note).

    There: gain 2, 800 ms: 0.0042; gain 1, 100 ms: 0.0672; gain 1/8, 100 ms: 0.5376; gain 1/8,
    25 ms: 2.1504.
    """
    return FINEST * (800 / integration_time) * (2 / FACTORS[gain])


def illuminance(linear: float) -> float:
    """Return lx, corrected for what the chip loses in bright light (application note).

    The note asks for it above 1000 lx. Begun there, it would make a step of 75 lx; it is near 1
    in dim light, and therefore applied throughout.
    """
    return 6.0135e-13 * linear**4 - 9.3924e-9 * linear**3 + 8.1488e-5 * linear**2 + 1.0023 * linear
