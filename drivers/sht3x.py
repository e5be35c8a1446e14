"""Sensirion SHT30/SHT31/SHT35 humidity and temperature sensor (datasheet version 7)."""

from typing import ClassVar, Literal, NamedTuple

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, checked
from drivers.base.errors import BadChecksum, LostConfiguration, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort

SOFT_RESET, BREAK, CLEAR_STATUS, STATUS = b"\x30\xa2", b"\x30\x93", b"\x30\x41", b"\xf3\x2d"
RESET_SECONDS = 0.0015  # table 4
BREAK_SECONDS = 0.001  # §4.8
RESET_HAPPENED, HEATER = 0x0010, 0x2000  # status register, table 18
RESERVED = 0x53EC
PATIENCE = 20  # attempts: each takes a tenth of a millisecond on the wire


class Precision(NamedTuple):
    """A single shot's command without clock stretching, and the longest that it takes."""

    command: bytes
    seconds: float


PRECISIONS = {  # tables 4 and 9
    "high": Precision(b"\x24\x00", 0.0155),
    "medium": Precision(b"\x24\x0b", 0.0065),
    "low": Precision(b"\x24\x16", 0.0045),
}


class SHT3x:
    """Sensirion SHT30, SHT31 or SHT35 temperature and humidity sensor (datasheet version 7)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45)
    channels = (
        Channel("temperature", "°C", -40, 125, 175 / 65535),
        Channel("humidity", "%", 0, 100, 100 / 65535),
    )

    def __init__(
        self, port: I2CPort, *, precision: Literal["high", "medium", "low"] = "high"
    ) -> None:
        self._port = port
        self._precision = PRECISIONS[precision]

    def identify(self) -> Identity | None:
        """Read the status register: its checksum is right, and its reserved bits are 0."""
        try:
            status = self._status()
        except BadChecksum:
            return None
        return None if status & RESERVED else Identity("SHT3x", certain=True)

    def setup(self) -> Steps[None]:
        """Break a periodic measurement off, reset the chip, and note that this reset was ours."""
        self._port.write(BREAK)
        yield BREAK_SECONDS
        self._port.write(SOFT_RESET)
        yield RESET_SECONDS
        if self.identify() is None:
            raise WrongChip(self._port.where, "no SHT3x: it has no such status register")
        self._port.write(CLEAR_STATUS)
        self._make_sure()

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
        self._make_sure()
        values = {"temperature": temperature(ticks[0]), "humidity": humidity(ticks[1])}
        return checked(self.channels, values, self._port.where)

    def _make_sure(self) -> None:
        status = self._status()
        if status & RESET_HAPPENED:
            raise LostConfiguration(self._port.where, "its supply dipped: it was reset")
        if status & HEATER:
            raise NotReady(self._port.where, "its heater is on", "does another program use it?")

    def _status(self) -> int:
        self._port.write(STATUS)
        for _ in range(PATIENCE):
            try:
                return self._port.read_words(1)[0]
            except NoAcknowledge:
                continue  # not ready yet
        raise NotReady(self._port.where, "no answer to a question for its status")


def temperature(ticks: int) -> float:
    """Return °C (§4.13). A real SHT31 said 67A2 for 25.84 °C."""
    return -45 + 175 * ticks / 65535


def humidity(ticks: int) -> float:
    """Return % (§4.13). A real SHT31 said 487F for 28.3 %."""
    return 100 * ticks / 65535
