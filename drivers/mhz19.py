"""Winsen MH-Z19B and MH-Z19C carbon dioxide sensors on a serial line (user manuals V1.0).

While they start they say fixed values (400, 410, 500 ppm) that nothing marks, and a driver has no
clock: the first `setup`, and each after the sensor fell silent, waits the preheat time itself and
asks for the `deadline` that this takes. A start between two measurements shows by such a value out
of the blue. No calibration is ever commanded; the sensor's own is switched if the option says so.
"""

from dataclasses import replace
from typing import ClassVar, Literal

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, DeadFrame, LostConfiguration, NotReady, WrongChip
from drivers.base.serial import SerialPort, answer

READ = bytes.fromhex("ff 01 86 00 00 00 00 00 79")
SELF_CALIBRATION = {
    True: bytes.fromhex("ff 01 79 a0 00 00 00 00 e6"),
    False: bytes.fromhex("ff 01 79 00 00 00 00 00 86"),
}
START = 0xFF
COMMAND = 0x86
FRAME_BYTES = 9
PREHEAT = 180.0  # MH-Z19B: 3 min, MH-Z19C: 1 min
STARTING = {410, 500}  # ppm; it also says 400, which is never a value
ACCURACY = (50, 0.03)  # ppm, and the share of the reading


class MHZ19:
    """Winsen MH-Z19B, MH-Z19C infrared CO2 sensors, 400 to 5000 ppm (user manual V1.0).

    It takes 3 min to start, and as long again when it has been silent, or seems to have started:
    feed it from the 5 V that the computer has.
    `range` is the one it was sold with. It says its ends (400, `range`) for all beyond them:
    these are refused.
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
    channels: tuple[Channel, ...] = (Channel("carbon_dioxide", "ppm", 401, 4999, 1),)

    def __init__(
        self,
        port: SerialPort,
        *,
        range: Literal[2000, 5000, 10000] = 5000,  # noqa: A002 - the manual's word
        self_calibration: bool | None = None,
    ) -> None:
        """`self_calibration`: it takes its least value of a day for 400 ppm, or not."""
        self.channels = (replace(type(self).channels[0], high=range - 1),)
        self._self_calibration = self_calibration
        self._port = port
        self._warm = False
        self._last = 0  # ppm

    def setup(self) -> Steps[None]:
        """Make sure that it answers, then let it warm up, unless it has and was never silent."""
        concentration((yield from self._answer()), self._port.where)
        if self._self_calibration is not None:
            self._port.write(SELF_CALIBRATION[self._self_calibration])
            yield from answer(self._port)  # some acknowledge it
        if not self._warm:
            yield PREHEAT
            self._begin(concentration((yield from self._answer()), self._port.where))

    def _begin(self, ppm: int) -> None:
        """Believe a first value; raise `LostConfiguration` if it may be one of another start.

        Real air of just that value changes by a few ppm before long.
        """
        if ppm in STARTING:
            raise LostConfiguration(self._port.where, f"still {ppm} ppm: it may have started again")
        self._last, self._warm = ppm, True

    def measure(self) -> Steps[Values]:
        """Ask for the concentration; raise until the sensor has warmed up."""
        frame = yield from self._answer()
        ppm = concentration(frame, self._port.where)
        if not self._warm:
            raise LostConfiguration(self._port.where, "it has been silent, and must warm up")
        self._refuse_start(ppm)
        self._last = ppm
        return checked(self.channels, {"carbon_dioxide": ppm}, self._port.where)

    def _refuse_start(self, ppm: int) -> None:
        """Raise `LostConfiguration` for a value of the start, farther away than it is accurate."""
        near = ACCURACY[0] + ACCURACY[1] * self._last
        if ppm in STARTING and abs(ppm - self._last) > near:
            self._warm = False
            raise LostConfiguration(
                self._port.where,
                f"{ppm} ppm after {self._last} is what it says while it starts: it must warm up",
                "feed it from the computer's own 5 V",
            )

    def _answer(self) -> Steps[bytes]:
        """Ask, and return what comes until the line falls silent again."""
        self._port.read()  # a late answer
        self._port.write(READ)
        frame = yield from answer(self._port)
        self._warm = self._warm and bool(frame)
        return frame


def concentration(frame: bytes, where: str) -> int:
    """Return ppm; the manual's example: FF 86 02 20 00 00 00 00 58 is 544 ppm."""
    if not frame:
        raise NotReady(where, "no answer", "check its 5 V, and that TX and RX are crossed")
    if frame in {bytes(FRAME_BYTES), b"\xff" * FRAME_BYTES}:
        raise DeadFrame(where, f"the line says {frame[0]:02x} only")
    if len(frame) != FRAME_BYTES or sum(frame[1:]) & 0xFF:
        raise BadChecksum(where, f"checksum wrong in {frame.hex(' ')}", "check the cable")
    if frame[0] != START or frame[1] != COMMAND:
        raise WrongChip(where, f"answers {frame[:2].hex(' ')}, an MH-Z19 ff 86")
    return frame[2] << 8 | frame[3]
