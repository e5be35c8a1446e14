"""ASAIR AHT20 humidity and temperature sensor (product manual AHT20 A1, 2020).

The chip keeps its last result, so a command that did not arrive must be noticed: right after it
the chip is busy, or nothing is measured. What the AHT10 shares with it is here as functions.
"""

from typing import ClassVar

from drivers.base import checksum
from drivers.base.blindness import DEW, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_dead

RESET = b"\xba"
INITIALISE = b"\xbe\x08\x00"
MEASURE = b"\xac\x33\x00"

BUSY, CALIBRATED = 0x80, 0x08  # bits of the status, table 10

POWER_ON_SECONDS = 0.040  # §5.4
RESET_SECONDS = 0.020  # §5.5
CONVERSION_SECONDS = 0.080  # §5.4
POLL_SECONDS = 0.010
POLLS = 10

# Codes of humidity and temperature that stand there before the first measurement
UNMEASURED = {(0x00000, 0x00000), (0x80000, 0x80000)}


class AHT20:
    """ASAIR AHT20, AHT21 or AM2301B temperature and humidity sensor (product manual AHT20 A1)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DEW,)
    addresses: ClassVar[tuple[int, ...]] = (0x38,)
    channels = (
        Channel("temperature", "°C", -40, 85, 200 / 2**20),
        Channel("humidity", "%", 100 / 2**20, 100, 100 / 2**20),  # 0 is the code of no result
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Assume the chip if the status is one that it can have."""
        return identity(self._port, "AHT20")

    def setup(self) -> Steps[None]:
        """Reset the chip, and initialise it if it is not calibrated."""
        yield from start(self._port, INITIALISE, "AHT20")

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        frame = yield from measured(self._port, 7)
        if checksum.sensirion(frame[:6]) != frame[6]:
            raise BadChecksum(self._port.where, f"checksum wrong in {frame.hex(' ')}")
        return checked(self.channels, convert(frame, self._port.where), self._port.where)


def identity(port: I2CPort, chip: str) -> Identity | None:
    """Assume `chip` if its status is neither 00 nor FF: it has no identification."""
    return Identity(chip, certain=False) if port.read(1)[0] not in {0x00, 0xFF} else None


def start(port: I2CPort, initialise: bytes, chip: str) -> Steps[None]:
    """Reset the chip, initialise it if need be; raise `WrongChip` if it is not calibrated then."""
    yield POWER_ON_SECONDS
    port.write(RESET)
    yield RESET_SECONDS
    if not port.read(1)[0] & CALIBRATED:
        port.write(initialise)
    for _ in range(POLLS):
        yield POLL_SECONDS
        status = port.read(1)[0]
        if status & (BUSY | CALIBRATED) == CALIBRATED:
            return
    raise WrongChip(port.where, f"no {chip}: not calibrated after its start, status {status:02x}")


def measured(port: I2CPort, count: int) -> Steps[bytes]:
    """Measure and return `count` bytes; raise `NotReady` if none began or none ended."""
    port.write(MEASURE)
    if not port.read(1)[0] & BUSY:  # what it would show is an old result
        raise NotReady(port.where, "no measurement began", "check cable length and pull-ups")
    yield CONVERSION_SECONDS
    for _ in range(POLLS):
        frame = port.read(count)
        refuse_dead(frame, port.where)
        if not frame[0] & BUSY:
            return frame
        yield POLL_SECONDS
    raise NotReady(
        port.where,
        "still measuring after twice the datasheet's time",
        "check its supply; does another program use it?",
    )


def convert(frame: bytes, where: str) -> dict[str, float]:
    """Return the values of a status and five bytes; raise `LostConfiguration`."""
    codes = int.from_bytes(frame[1:6], "big")
    humidity_code, temperature_code = codes >> 20, codes & 0xFFFFF
    if not frame[0] & CALIBRATED or (humidity_code, temperature_code) in UNMEASURED:
        raise LostConfiguration(where, f"holds no calibrated measurement: {frame.hex(' ')}")
    return {"temperature": temperature(temperature_code), "humidity": humidity(humidity_code)}


def humidity(code: int) -> float:
    """Return % (§6.1)."""
    return 100 * code / 2**20


def temperature(code: int) -> float:
    """Return °C (§6.2)."""
    return 200 * code / 2**20 - 50
