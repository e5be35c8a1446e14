"""What Sensirion's sensors share: commands in, words of 16 bits out, each with its checksum."""

import math
import struct
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from drivers.base import checksum
from drivers.base.driver import BusKind, Steps
from drivers.base.errors import BadChecksum, NoAcknowledge, NotReady
from drivers.base.i2c import I2CPort

MAKER, TEXAS_INSTRUMENTS = b"\x37\x81", 0x3000  # an HDC302x answers so, which is like an SHT3x
ATTEMPTS = 20  # each takes a tenth of a millisecond on the wire


def read_words(port: I2CPort, count: int) -> tuple[int, ...]:
    """Return the words that the chip has ready; raise `BadChecksum`."""
    return _words(port.read(3 * count), port.where)


def read_result(port: I2CPort, count: int) -> bytes:
    """Return so many bytes of a result; raise `NotReady` if the chip does not acknowledge."""
    try:
        return port.read(count)
    except NoAcknowledge as error:
        raise NotReady(
            port.where,
            "no result after the datasheet's longest time",
            "check its supply; does another program use it?",
        ) from error


def _words(frame: bytes, where: str) -> tuple[int, ...]:
    found = [*struct.iter_unpack("2sB", frame)]
    for word, crc in found:
        if checksum.sensirion(word) != crc:
            raise BadChecksum(where, f"checksum wrong in {frame.hex(' ')}")
    return tuple([int.from_bytes(word) for word, _ in found])


def with_checksums(*words: int) -> bytes:
    """Return words as the arguments of a command."""
    pairs = (word.to_bytes(2) for word in words)
    return b"".join(pair + bytes([checksum.sensirion(pair)]) for pair in pairs)


def floats(words: tuple[int, ...]) -> tuple[float, ...]:
    """Return the numbers of IEEE 754 in pairs of words; NaN if one is none.

    SCD30 §1.4.5: 43DB 8C2E → 439.09 ppm, 41D9 E7FF → 27.2 °C, 4243 3A1B → 48.8 %.
    """
    raw = struct.pack(f">{len(words)}H", *words)
    found = struct.unpack(f">{len(words) // 2}f", raw)
    return tuple(value if math.isfinite(value) else math.nan for value in found)


def asked(port: I2CPort, command: bytes, count: int, seconds: float) -> Steps[tuple[int, ...]]:
    """Return the words that answer a command after so many seconds."""
    port.write(command)
    yield seconds
    return read_words(port, count)


def measured(port: I2CPort, command: bytes, count: int, seconds: float) -> Steps[tuple[int, ...]]:
    """Return the words that a measurement gives; raise `NotReady` if it takes longer."""
    port.write(command)
    yield seconds
    return _words(read_result(port, 3 * count), port.where)


def asked_at_once(
    port: I2CPort, command: bytes, count: int, attempts: int = ATTEMPTS
) -> tuple[int, ...]:
    """Return the words that answer a command soon; raise `NotReady` if none come."""
    port.write(command)
    for _ in range(attempts):
        try:
            return read_words(port, count)
        except NoAcknowledge:
            continue  # not ready yet
    raise NotReady(port.where, f"no answer to the command {command.hex()}")


def recognised(
    port: I2CPort, command: bytes, count: int, attempts: int = ATTEMPTS
) -> tuple[int, ...] | None:
    """Return the words that answer a command, or None if no chip of Sensirion's answers."""
    try:
        return asked_at_once(port, command, count, attempts)
    except (BadChecksum, NotReady):
        return None


class Precision(NamedTuple):
    """A measurement's command, and the longest that it takes, in seconds."""

    command: bytes
    seconds: float


class ClimateSensor:
    """What SHT3x and SHT4x share: one shot of temperature and humidity, in three precisions."""

    bus: ClassVar[BusKind] = "i2c"
    precisions: ClassVar[Mapping[str, Precision]]

    def __init__(
        self, port: I2CPort, *, precision: Literal["high", "medium", "low"] = "high"
    ) -> None:
        self._port = port
        self._precision = self.precisions[precision]

    def _ticks(self) -> Steps[tuple[int, ...]]:
        """Return both results of one measurement."""
        return measured(self._port, self._precision.command, 2, self._precision.seconds)


def temperature(ticks: int) -> float:
    """Return °C: SHT3x §4.13, SHT4x §4.6, SCD4x §3.6.2 (6667 → 25 °C)."""
    return -45 + 175 * ticks / 65535


def humidity(ticks: int) -> float:
    """Return %: SHT3x §4.13, SCD4x §3.6.2 (5EB9 → 37 %)."""
    return 100 * ticks / 65535
