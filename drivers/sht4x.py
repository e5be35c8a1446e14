"""Sensirion SHT40/SHT41/SHT45 humidity and temperature sensor (datasheet version 6.5)."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import Identity, Steps, Values, checked
from drivers.base.errors import WrongChip
from drivers.base.humidity import cropped
from drivers.base.sensirion import ClimateSensor, Precision, recognised, temperature

SOFT_RESET = b"\x94"
SERIAL_NUMBER = b"\x89"
RESET_SECONDS = 0.001  # table 5


# Commands, and the longest that they take (tables 5 and 8)
PRECISIONS = {
    "high": Precision(b"\xfd", 0.0083),
    "medium": Precision(b"\xf6", 0.0045),
    "low": Precision(b"\xe0", 0.0016),
}


class SHT4x(ClimateSensor):
    """Sensirion SHT40, SHT41 or SHT45 temperature and humidity sensor (datasheet version 6.5)."""

    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45, 0x46)
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "a pulse of its heater that another program gave: it is warm for half a minute",
            "one program for each chip, or an SHT3x, which says that its heater is on",
        ),
    )
    precisions: ClassVar[Mapping[str, Precision]] = PRECISIONS
    channels = (
        Channel("temperature", "°C", -40, 125, 175 / 65535),
        Channel("humidity", "%", 0, 100, 125 / 65535),
    )

    def identify(self) -> Identity | None:
        """Ask for the serial number: any chip that answers with right checksums is one."""
        found = recognised(self._port, SERIAL_NUMBER, 2)
        return Identity("SHT4x", certain=True) if found else None

    def setup(self) -> Steps[None]:
        """Reset the chip and ask for its serial number; there is nothing to configure."""
        self._port.write(SOFT_RESET)
        yield RESET_SECONDS
        if self.identify() is None:
            raise WrongChip(self._port.where, "no SHT4x: it has no serial number with a checksum")

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        ticks = yield from self._ticks()
        percent = cropped(humidity(ticks[1]), self._port.where)
        values = {"temperature": temperature(ticks[0]), "humidity": percent}
        return checked(self.channels, values, self._port.where)


def humidity(ticks: int) -> float:
    """Return %, not cropped yet (§4.6)."""
    return -6 + 125 * ticks / 65535
