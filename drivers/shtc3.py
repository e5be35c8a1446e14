"""Sensirion SHTC3 humidity and temperature sensor (datasheet of July 2018).

It stays awake between measurements: that is 45 µA, and does not warm it.
"""

from typing import ClassVar

from drivers.base.blindness import DEW, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NoAcknowledge, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.sensirion import Precision, measured, recognised

WAKE_UP, SOFT_RESET, READ_ID = b"\x35\x17", b"\x80\x5d", b"\xef\xc8"
WAKE_UP_SECONDS = RESET_SECONDS = 0.00024  # §3
ID_BITS, SHTC3_ID = 0x083F, 0x0807  # §5

# Temperature first, without clock stretching, and the longest that it takes (§3, §5)
NORMAL = Precision(b"\x78\x66", 0.0121)
LOW_POWER = Precision(b"\x60\x9c", 0.0008)


class SHTC3:
    """Sensirion SHTC3 temperature and humidity sensor (datasheet of July 2018)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x70,)
    blind: ClassVar[tuple[Blindness, ...]] = (DEW,)
    channels = (
        Channel("temperature", "°C", -40, 125, 175 / 65536),
        Channel("humidity", "%", 100 / 65536, 100, 100 / 65536),  # 0: the element is broken
    )

    def __init__(self, port: I2CPort, *, low_power: bool = False) -> None:
        """`low_power`: a measurement takes 1 ms instead of 12, and is less repeatable."""
        self._port = port
        self._precision = LOW_POWER if low_power else NORMAL

    def identify(self) -> Identity | None:
        """Wake the chip and ask for its id; write nothing to what answers without a command."""
        try:
            self._port.read(1)
        except NoAcknowledge:
            self._port.write(WAKE_UP)
            return self._identity()
        return None  # a PCA9685 or a multiplexer would take the commands for settings

    def setup(self) -> Steps[None]:
        """Wake and reset the chip and ask for its id; there is nothing to configure."""
        self._port.write(WAKE_UP)
        yield WAKE_UP_SECONDS
        self._port.write(SOFT_RESET)
        yield RESET_SECONDS
        if self._identity() is None:
            raise WrongChip(self._port.where, "no SHTC3: its id has not the bits of one")

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        command, seconds = self._precision
        ticks = yield from measured(self._port, command, 2, seconds)
        values = {"temperature": temperature(ticks[0]), "humidity": humidity(ticks[1])}
        return checked(self.channels, values, self._port.where)

    def _identity(self) -> Identity | None:
        words = recognised(self._port, READ_ID, 1)
        ours = words is not None and words[0] & ID_BITS == SHTC3_ID
        return Identity("SHTC3", certain=True) if ours else None


def temperature(ticks: int) -> float:
    """Return °C (§5.11)."""
    return -45 + 175 * ticks / 65536


def humidity(ticks: int) -> float:
    """Return % (§5.11)."""
    return 100 * ticks / 65536
