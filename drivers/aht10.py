"""ASAIR AHT10 humidity and temperature sensor (technical manual AHT10 V1.1).

An AHT20 without a checksum: reads of one result must agree. Its other start-up command is
needed after each loss of power, which is how that is noticed.
"""

from typing import ClassVar

from drivers import aht20
from drivers.base.blindness import DEW, TWINS, Blindness
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum
from drivers.base.i2c import I2CPort

INITIALISE = b"\xe1\x08\x00"


class AHT10:
    """ASAIR AHT10 or AHT15 temperature and humidity sensor (technical manual AHT10 V1.1).

    It disturbs other chips on its bus: give it a separate one.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DEW, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x38, 0x39)
    channels = aht20.AHT20.channels

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Assume the chip if the status is one that it can have."""
        return aht20.identity(self._port, "AHT10")

    def setup(self) -> Steps[None]:
        """Reset the chip and initialise it."""
        yield from aht20.start(self._port, INITIALISE, "AHT10")

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        frame = yield from aht20.measured(self._port, 6)
        if frame != self._port.read_steady(6):
            raise BadChecksum(self._port.where, "reads of one result differ")
        return checked(self.channels, aht20.convert(frame, self._port.where), self._port.where)
