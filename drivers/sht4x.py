"""Sensirion SHT40/SHT41/SHT45 humidity and temperature sensor (datasheet version 6.5)."""

from typing import ClassVar, Literal, NamedTuple

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, checked
from drivers.base.errors import BadChecksum, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort

SOFT_RESET = b"\x94"
SERIAL_NUMBER = b"\x89"
RESET_SECONDS = 0.001  # table 5
PATIENCE = 20  # attempts: each takes a tenth of a millisecond on the wire


class Precision(NamedTuple):
    """A measurement's command, and the longest that it takes (tables 5 and 8)."""

    command: bytes
    seconds: float


PRECISIONS = {
    "high": Precision(b"\xfd", 0.0083),
    "medium": Precision(b"\xf6", 0.0045),
    "low": Precision(b"\xe0", 0.0016),
}


class SHT4x:
    """Sensirion SHT40, SHT41 or SHT45 temperature and humidity sensor (datasheet version 6.5)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45, 0x46)
    channels = (
        Channel("temperature", "°C", -40, 125, 175 / 65535),
        Channel("humidity", "%", 0, 100, 125 / 65535),
    )

    def __init__(
        self, port: I2CPort, *, precision: Literal["high", "medium", "low"] = "high"
    ) -> None:
        self._port = port
        self._precision = PRECISIONS[precision]

    def identify(self) -> Identity | None:
        """Ask for the serial number: any chip that answers with right checksums is one."""
        self._port.write(SERIAL_NUMBER)
        for _ in range(PATIENCE):
            try:
                self._port.read_words(2)
            except NoAcknowledge:
                continue  # not ready yet
            except BadChecksum:
                return None
            return Identity("SHT4x", certain=True)
        return None

    def setup(self) -> Steps[None]:
        """Reset the chip and ask for its serial number; there is nothing to configure."""
        self._port.write(SOFT_RESET)
        yield RESET_SECONDS
        if self.identify() is None:
            raise WrongChip(self._port.where, "no SHT4x: it has no serial number with a checksum")

    def measure(self) -> Steps[dict[str, float]]:
        """Measure both, at one moment."""
        self._port.write(self._precision.command)
        yield self._precision.seconds
        try:
            ticks = self._port.read_words(2)
        except NoAcknowledge as error:  # it did acknowledge the command
            raise NotReady(
                self._port.where,
                "no result after the datasheet's longest time",
                "check its supply; does another program use it?",
            ) from error
        values = {"temperature": temperature(ticks[0]), "humidity": humidity(ticks[1])}
        return checked(self.channels, values, self._port.where)


def temperature(ticks: int) -> float:
    """Return °C (§4.6, equation 2)."""
    return -45 + 175 * ticks / 65535


def humidity(ticks: int) -> float:
    """Return %; the formula overshoots both ends, where the datasheet says to crop (§4.6)."""
    return min(max(-6 + 125 * ticks / 65535, 0.0), 100.0)
