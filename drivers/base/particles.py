"""What Sensirion's particle sensors share: they measure each second, and say what has failed."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from drivers.base import sensirion
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.co2 import Limit
from drivers.base.driver import BusKind, Identity, Steps, Values
from drivers.base.errors import BadChecksum, LostConfiguration, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort

# Commands of both datasheets
READY, CLEANING_INTERVAL = b"\x02\x02", b"\x80\x04"
STATUS, RESET = b"\xd2\x06", b"\xd3\x04"
FAN_SPEED, LASER, FAN = 1 << 21, 1 << 5, 1 << 4  # of the status
RESET_SECONDS, START_SECONDS = 0.2, 0.05
WARM_UP = 30.0  # until few particles, too, are counted steadily
POLL = 0.1
POLLS = 20  # twice the time from result to result
INTERVALS = Limit(0, 31_536_000, "s")
ATTEMPTS = 50  # each takes a tenth of a millisecond on the wire


class Failure(NamedTuple):
    """What a bit of the status says, and the remedy."""

    what: str
    remedy: str


FAILURES = {
    FAN: Failure("its fan does not turn", "free it of what blocks it, or replace the sensor"),
    LASER: Failure("its laser has failed", "replace the sensor"),
    FAN_SPEED: Failure("its fan turns too fast or too slowly", "check its 5 V, clean its inlet"),
}

RESTARTED = Blindness(
    "another program that stops it and starts it again: for half a minute its fan speeds up",
    "one program for each sensor",
)
DUST = Blindness(
    "dust on its lens, or a laser that fades: it counts too few",
    "the fan's cleaning that it does by itself each week, and an upright or sideways position",
)


def mass(name: str, high: float) -> Channel:
    """Return the channel of a concentration up to `high` µg/m³."""
    return Channel(name, "µg/m³", 0, high, 0.1)


class ParticleSensor:
    """A sensor that is started, measures each second, and keeps a status of its parts."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x69,)
    deadline: ClassVar[float] = WARM_UP + 10.0
    named: ClassVar[bytes]  # the command that asks for its name, of 8 characters
    names: ClassVar[Mapping[str, str]]  # by what it answers
    start: ClassVar[bytes]  # the command, and its argument
    result: ClassVar[bytes]
    words: ClassVar[int]  # of a result
    answer: ClassVar[float]  # seconds for a command

    def __init__(self, port: I2CPort, auto_cleaning_interval: int | None) -> None:
        INTERVALS.check("auto_cleaning_interval", auto_cleaning_interval)
        self._port = port
        self._interval = auto_cleaning_interval

    def identify(self) -> Identity | None:
        """Ask for its name."""
        words = sensirion.recognised(self._port, self.named, 4, ATTEMPTS)
        chip = self.names.get(text(words)) if words else None
        return Identity(chip, certain=True) if chip else None

    def setup(self) -> Steps[None]:
        """Reset it, which clears its status, and let its fan blow for half a minute."""
        yield from self._recognised()
        yield from self._do(RESET, RESET_SECONDS)
        if self._interval is not None:
            yield from self._hold_interval(self._interval)
        yield from self._configure()
        yield from self._do(self.start, START_SECONDS)
        yield WARM_UP

    def _configure(self) -> Steps[None]:
        """Set what the chip has besides; nothing here."""
        yield from ()

    def measure(self) -> Steps[Values]:
        """Wait for the next result: one that is ready already may be old."""
        if (yield from self._is_ready()):
            yield from self._asked(self.result, self.words)
        yield from self._becomes_ready()
        words = yield from self._asked(self.result, self.words)
        high, low = yield from self._asked(STATUS, 2)
        return self._values(words, high << 16 | low)

    def _values(self, words: tuple[int, ...], status: int) -> Values:
        """Return the values of a result, as far as the status lets them be."""
        raise NotImplementedError

    def _failure(self, status: int, failures: Mapping[int, Failure]) -> NotReady | None:
        """Return the error if one of these parts has failed."""
        for bit, (what, remedy) in failures.items():
            if status & bit:
                return NotReady(self._port.where, what, remedy)
        return None

    def _recognised(self) -> Steps[str]:
        """Return which chip it is; raise `WrongChip` for another."""
        try:
            name = text((yield from self._asked(self.named, 4)))
        except BadChecksum as error:
            what = "it has no name with a checksum"
            raise WrongChip(self._port.where, what) from error
        if name not in self.names:
            raise WrongChip(self._port.where, f"its name is {name!r}")
        return self.names[name]

    def _becomes_ready(self) -> Steps[None]:
        for _ in range(POLLS):
            yield POLL
            if (yield from self._is_ready()):
                return
        raise NotReady(
            self._port.where,
            f"no result for {POLLS * POLL:g} s",
            "it gives none for 10 s while it cleans its fan; otherwise check its 5 V",
        )

    def _is_ready(self) -> Steps[bool]:
        (word,) = yield from self._asked(READY, 1)
        return word == 1

    def _hold_interval(self, seconds: int) -> Steps[None]:
        """Let it clean its fan so often; its memory wears, and says so after a reset only."""
        words = seconds >> 16, seconds & 0xFFFF
        if (yield from self._asked(CLEANING_INTERVAL, 2)) == words:
            return
        yield from self._do(CLEANING_INTERVAL + sensirion.with_checksums(*words), 0.02)
        yield from self._do(RESET, RESET_SECONDS)
        held = yield from self._asked(CLEANING_INTERVAL, 2)
        if held != words:
            what = f"auto_cleaning_interval is {held[0] << 16 | held[1]} instead of {seconds}"
            raise LostConfiguration(self._port.where, what)

    def _do(self, command: bytes, seconds: float) -> Steps[None]:
        self._port.write(command)
        yield seconds

    def _asked(self, command: bytes, count: int) -> Steps[tuple[int, ...]]:
        self._port.write(command)
        yield self.answer
        try:
            return sensirion.read_words(self._port, count)
        except NoAcknowledge as error:  # it did acknowledge the command
            raise NotReady(self._port.where, f"no answer to {command.hex()}") from error


def text(words: tuple[int, ...]) -> str:
    """Return the characters of words, without the zeros at their end."""
    raw = b"".join(word.to_bytes(2) for word in words)
    return raw.rstrip(b"\0").decode("ascii", "replace")
