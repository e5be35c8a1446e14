"""Sensirion's particle sensors as their datasheets describe them: a fan, a laser and a status."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.sensirion import WordModel, checked_word
from simulators.clock import SimulatedClock
from simulators.model import Nack

STOP, READY, CLEAN, INTERVAL = 0x0104, 0x0202, 0x5607, 0x8004
VERSION, STATUS, CLEAR, RESET = 0xD100, 0xD206, 0xD210, 0xD304
WEEK = 604_800
SPEED_UP = 8.0  # seconds: the least that it needs until it counts rightly
CLEANING = 10.0
LASER = 1 << 5


class ParticleModel(WordModel):
    """Idle until it is started; then it has a result each second."""

    interruptible: ClassVar[bool] = True
    addresses: ClassVar[tuple[int, ...]] = (0x69,)
    result: ClassVar[int]
    naming: ClassVar[int]
    names: ClassVar[str]
    version: int
    seconds: ClassVar[Mapping[int, float]]  # that it takes for some commands

    def __init__(self, clock: SimulatedClock) -> None:
        self.interval = WEEK  # survives a power loss
        super().__init__(clock)

    def power_on(self) -> None:
        """Be idle, with no error."""
        self.status = 0
        self._began: float | None = None
        self._next = 0.0
        self._ready = False
        self._result: tuple[int, ...] = ()
        super().power_on()

    def write(self, data: bytes) -> None:
        """Take a command; what was measured until now can be read."""
        self._measure()
        super().write(data)

    def _command(self, code: int, arguments: bytes) -> None:
        self._words = ()
        self._busy_for(self.seconds.get(code, self.seconds[0]))
        if code in {STOP, CLEAN, CLEAR, RESET}:
            self._do(code)
        elif code == INTERVAL and arguments:
            high, low = checked_word(arguments[:3]), checked_word(arguments[3:])
            self.interval = high << 16 | low
        elif arguments or not self._answer(code):
            raise Nack

    def _do(self, code: int) -> None:
        if code == STOP:
            self._began = None
        elif code == CLEAN and self._began is not None:
            self._next = self.clock.monotonic() + CLEANING
        elif code == CLEAR:
            self.status = 0
        elif code == RESET:
            self.power_on()
            self._busy_for(self.seconds[RESET])

    def _answer(self, code: int) -> bool:
        """Prepare the words of an answer; return whether there is one."""
        name = self.names.encode().ljust(32, b"\0")
        shown = self.status | (LASER if self.worn else 0)
        answers = {
            READY: (int(self._ready),),
            INTERVAL: (self.interval >> 16, self.interval & 0xFFFF),
            VERSION: (self.version,),
            STATUS: (shown >> 16, shown & 0xFFFF),
            self.naming: tuple(int.from_bytes(name[n : n + 2]) for n in range(0, 32, 2)),
        }
        if code == self.result:
            self._words, self._ready = self._result, False
            return True
        self._words = answers.get(code, ())
        return code in answers

    def _start(self) -> None:
        if self._began is None:
            self._began = self.clock.monotonic()
            self._next = self._began + self.slowness

    def _measure(self) -> None:
        """Hold what was measured last, if a second is over."""
        now = self.clock.monotonic()
        if self._began is not None and now >= self._next:
            self._result = self._measured(blown=now >= self._began + SPEED_UP)
            self._ready, self._next = True, now + self.slowness

    def _measured(self, *, blown: bool) -> tuple[int, ...]:
        """Return the words of a result; `blown`: the fan has its speed."""
        raise NotImplementedError
