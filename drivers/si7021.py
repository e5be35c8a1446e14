"""Silicon Labs Si7021 humidity and temperature sensor (datasheet Si7021-A20 revision 1.3).

An HTU21D that identifies itself: see there for what both do.
"""

from typing import ClassVar

from drivers import htu21d
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, NoAcknowledge, WrongChip
from drivers.base.humidity import cropped
from drivers.base.i2c import I2CPort
from drivers.htu21d import SILICON_LABS, STATUS, Measurement

# Table 2; a humidity measurement measures the temperature first
TEMPERATURE = Measurement(b"\xf3", 0x00, 0.0108)
HUMIDITY = Measurement(b"\xf5", STATUS, 0.012 + 0.0108)


class Si7021:
    """Silicon Labs Si7013/7020/7021 temperature and humidity sensor (datasheet Si7021-A20 1.3)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x40,)
    channels = (
        Channel("temperature", "°C", -40, 125, 175.72 / 2**14),
        Channel("humidity", "%", 0, 100, 125 / 2**12),
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Read the electronic id."""
        if not htu21d.plausible(self._port):
            return None
        try:
            part = SILICON_LABS.get(htu21d.electronic_id(self._port))
        except (NoAcknowledge, BadChecksum):
            return None
        return Identity(part, certain=True) if part else None

    def setup(self) -> Steps[None]:
        """Reset the chip; raise `WrongChip` if its electronic id is another."""
        if self.identify() is None:
            raise WrongChip(
                self._port.where, "no Si7021: it has another electronic id", "try `htu21d`"
            )
        yield from htu21d.reset(self._port)

    def measure(self) -> Steps[Values]:
        """Measure the temperature, then the humidity."""
        celsius, percent = yield from htu21d.both(self._port, TEMPERATURE, HUMIDITY)
        values = {"temperature": celsius, "humidity": cropped(percent, self._port.where)}
        return checked(self.channels, values, self._port.where)
