"""Winsen MH-Z19B and MH-Z19C carbon dioxide sensors on a serial line (user manuals V1.0).

While they start they say fixed values (400, 410, 500 ppm) that nothing marks, and a driver has no
clock: the first `setup`, and each after the sensor fell silent, waits the preheat time itself and
asks for the `deadline` that this takes. A start between two measurements shows by such a value out
of the blue.

The manuals have the commands that set something, but not those that ask what is set. Those are
known from other drivers (Zephyr's, Espressif's); a sensor that does not answer them is believed.
"""

from dataclasses import replace
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, DeadFrame, LostConfiguration, NotReady, WrongChip
from drivers.base.serial import SerialPort, answer

START, TO, READ, ZERO = 0xFF, 0x01, 0x86, 0x87
FRAME_BYTES = 9
SELF_CALIBRATING = 0xA0  # as an argument; the answer has 1
PREHEAT = 180.0  # MH-Z19B: 3 min, MH-Z19C: 1 min
SETTLED = 1200.0  # seconds in air of 400 ppm before its zero point is set (calibration, a.)
TAKEN = 60.0  # and after it, until it says so
STARTING = {410, 500}  # ppm; it also says 400, which is never a value
ACCURACY = (50, 0.03)  # ppm, and the share of the reading
SOLD = 5000  # ppm, if nothing says the range


class Question(NamedTuple):
    """What asks for a setting, and which bytes of the answer have it."""

    setting: str
    code: int
    first: int
    behind: int

    def held(self, frame: bytes) -> int | None:
        """Return what an answer says; None if it is none: not every sensor knows the question."""
        whole = len(frame) == FRAME_BYTES and not sum(frame[1:]) & 0xFF
        if not whole or frame[:2] != bytes([START, self.code]):
            return None
        return int.from_bytes(frame[self.first : self.behind])


RANGE = Question("range", 0x9B, 4, 6)
SELF_CALIBRATION = Question("self_calibration", 0x7D, 7, 8)


class MHZ19:
    """Winsen MH-Z19B, MH-Z19C infrared CO2 sensors, 400 to 10000 ppm (user manual V1.0).

    It takes 3 min to start, and as long again when it has been silent, or seems to have started:
    feed it from the 5 V that the computer has.
    It says the ends of its range (400, `range`) for all beyond them: these are refused.
    """

    bus: ClassVar[BusKind] = "serial"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "a start between two measurements in air of about 410 or 500 ppm: it says so meanwhile",
            "an SCD4x or an SCD30; or feed it from the computer's own 5 V",
        ),
        Blindness(
            "a lamp or a detector that is dead: it may say the same for ever",
            "a look after the room was aired: it must fall to about 450 ppm, and rise by breath",
        ),
    )
    deadline: ClassVar[float] = PREHEAT + 10.0
    calibrates: ClassVar[tuple[float, float]] = (400, 400)
    channels: tuple[Channel, ...] = (Channel("carbon_dioxide", "ppm", 401, 9999, 1),)

    def __init__(
        self,
        port: SerialPort,
        *,
        range: Literal[2000, 5000, 10000] | None = None,  # noqa: A002 - the manual's word
        self_calibration: bool | None = None,
    ) -> None:
        """`range`: ppm, which it is set to; without it, that of a sensor sold for 5000 is expected.

        `self_calibration`: it takes its least value of a day for 400 ppm, or not. What is not given
        stays as the sensor holds it.
        """
        self.channels = (replace(type(self).channels[0], high=(range or SOLD) - 1),)
        self._limits = self.channels
        self._range = range
        self._self_calibration = self_calibration
        self._port = port
        self._warm = False
        self._held: dict[Question, int] = {}  # what it says that it holds
        self._last = 0  # ppm

    def setup(self) -> Steps[None]:
        """Make sure that it answers, then let it warm up, unless it has and was never silent."""
        concentration((yield from self._answer()), self._port.where)
        self._held.clear()
        yield from self._hold(RANGE, self._range)
        yield from self._hold(SELF_CALIBRATION, self._self_calibration)
        end = min(self._held.get(RANGE, SOLD), self._range or SOLD)
        self._limits = (replace(self.channels[0], high=end - 1),)
        if not self._warm:
            yield PREHEAT
            self._begin(concentration((yield from self._answer()), self._port.where))

    def _hold(self, question: Question, wanted: int | None) -> Steps[None]:
        """Let the sensor hold what is wanted, or else what it holds."""
        if wanted is not None:
            self._port.write(SETTING[question](wanted))
            yield from answer(self._port)  # some acknowledge it
        held = yield from self._asked(question)
        if held is not None:
            self._held[question] = held if wanted is None else wanted
            self._refuse_other(question, held)

    def _begin(self, ppm: int) -> None:
        """Believe a first value; raise `LostConfiguration` if it may be one of another start.

        Real air of just that value changes by a few ppm before long.
        """
        if ppm in STARTING:
            raise LostConfiguration(self._port.where, f"still {ppm} ppm: it may have started again")
        self._last, self._warm = ppm, True

    def measure(self) -> Steps[Values]:
        """Ask for the concentration, and for the settings; raise until it has warmed up."""
        frame = yield from self._answer()
        ppm = concentration(frame, self._port.where)
        if not self._warm:
            raise LostConfiguration(self._port.where, "it has been silent, and must warm up")
        self._refuse_start(ppm)
        self._last = ppm
        for question in self._held:
            held = yield from self._asked(question)
            if held is not None:
                self._refuse_other(question, held)
        return checked(self._limits, {"carbon_dioxide": ppm}, self._port.where)

    def calibrate(self, value: float) -> Steps[float]:
        """Measure air of 400 ppm for 20 minutes, then set the zero point to it."""
        yield from self.setup()
        yield SETTLED
        before = concentration((yield from self._answer()), self._port.where)
        self._port.write(command(ZERO))
        yield from answer(self._port)  # some acknowledge it
        yield TAKEN
        after = concentration((yield from self._answer()), self._port.where)
        if abs(after - value) > near(value):
            what = f"says {after} ppm, {TAKEN:g} s after its zero point was set"
            raise NotReady(self._port.where, what, "was the air still? try again")
        self._last = after
        return value - before

    def _asked(self, question: Question) -> Steps[int | None]:
        self._port.read()  # a late answer
        self._port.write(command(question.code))
        return question.held((yield from answer(self._port)))

    def _refuse_other(self, question: Question, held: int) -> None:
        """Raise `LostConfiguration` if another program has changed a setting."""
        if held != self._held[question]:
            what = f"{question.setting} is {held} instead of {self._held[question]}"
            raise LostConfiguration(self._port.where, what, "does another program use it?")

    def _refuse_start(self, ppm: int) -> None:
        """Raise `LostConfiguration` for a value of the start, farther away than it is accurate."""
        if ppm in STARTING and abs(ppm - self._last) > near(self._last):
            self._warm = False
            raise LostConfiguration(
                self._port.where,
                f"{ppm} ppm after {self._last} is what it says while it starts: it must warm up",
                "feed it from the computer's own 5 V",
            )

    def _answer(self) -> Steps[bytes]:
        """Ask, and return what comes until the line falls silent again."""
        self._port.read()  # a late answer
        self._port.write(command(READ))
        frame = yield from answer(self._port)
        self._warm = self._warm and bool(frame)
        return frame


def command(code: int, *arguments: int) -> bytes:
    """Return a frame to the sensor; the manual's example: FF 01 86 00 00 00 00 00 79 reads."""
    body = bytes([TO, code, *arguments]).ljust(FRAME_BYTES - 2, b"\0")
    return bytes([START, *body, -sum(body) & 0xFF])


def set_range(ppm: int) -> bytes:
    """Return the frame that sets it; the manual's example: FF 01 99 … 07 D0 8F is 2000 ppm."""
    return command(0x99, 0, 0, 0, *ppm.to_bytes(2))


def set_self_calibration(on: int) -> bytes:
    """Return the frame that switches it; the manual's examples: FF 01 79 A0 … E6 is on."""
    return command(0x79, SELF_CALIBRATING * on)


SETTING = {RANGE: set_range, SELF_CALIBRATION: set_self_calibration}


def near(ppm: float) -> float:
    """Return by how many ppm a value may be off."""
    return ACCURACY[0] + ACCURACY[1] * ppm


def concentration(frame: bytes, where: str) -> int:
    """Return ppm; the manual's example: FF 86 02 20 00 00 00 00 58 is 544 ppm."""
    if not frame:
        raise NotReady(where, "no answer", "check its 5 V, and that TX and RX are crossed")
    if frame in {bytes(FRAME_BYTES), b"\xff" * FRAME_BYTES}:
        raise DeadFrame(where, f"the line says {frame[0]:02x} only")
    if len(frame) != FRAME_BYTES or sum(frame[1:]) & 0xFF:
        raise BadChecksum(where, f"checksum wrong in {frame.hex(' ')}", "check the cable")
    if frame[0] != START or frame[1] != READ:
        raise WrongChip(where, f"answers {frame[:2].hex(' ')}, an MH-Z19 ff 86")
    return frame[2] << 8 | frame[3]
