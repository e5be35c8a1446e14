"""Nova SDS011 particle sensor on a serial line (control protocol V1.3, datasheet V1.3).

A driver has no clock, and the fan needs 30 s after a start: `setup` waits them itself and asks for
the `deadline` that this takes. It keeps without power whether it speaks unasked and how long it
pauses, so that a start between two measurements shows only while it counts nothing.
"""

from typing import ClassVar, NamedTuple

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, WrongChip
from drivers.base.serial import SerialPort, answer

HEAD, COMMAND, VALUES, SAID, TAIL = 0xAA, 0xB4, 0xC0, 0xC5, 0xAB
ALL = b"\xff\xff"  # every sensor, whatever its number is
FRAME_BYTES = 10
ASK, SET = 0, 1
QUERY = 0x04
WARM_UP = 30.0
SILENCE = 1.2  # s: one that speaks unasked does so each second


class Setting(NamedTuple):
    """What it keeps: its name, its command, and the value that it shall have."""

    name: str
    command: int
    wanted: int


SILENT = Setting("its mode", 0x02, 1)  # 0: it speaks unasked
AWAKE = Setting("its state", 0x06, 1)  # 0: it sleeps
STEADY = Setting("its period", 0x08, 0)  # minutes that it pauses


class SDS011:
    """Nova SDS011 laser particle sensor: PM2.5 and PM10 (datasheet V1.3).

    Needs 5 V for its fan, and 30 s for each start. Its laser lasts for 8000 hours: let it `sleep`.
    """

    bus: ClassVar[BusKind] = "serial"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "a loss of power between two measurements: for half a minute it counts too few",
            "`sleep = true`, with which each measurement begins with a start",
        ),
        Blindness(
            "that it counts no more, but answers with its last numbers; dust, or a fan that stands",
            "an SPS30, which says that a number is new, and that its fan or its laser has failed",
        ),
        Blindness(
            "humid air, above 70 %: it takes droplets for dust",
            "a humidity sensor beside it, and a rule that looks at both",
        ),
    )
    deadline: ClassVar[float] = WARM_UP + 15.0
    channels = (
        Channel("pm25", "µg/m³", 0, 999.9, 0.1),
        Channel("pm10", "µg/m³", 0, 999.9, 0.1),
    )

    def __init__(self, port: SerialPort, *, sleep: bool = False) -> None:
        """Let it sleep between two measurements if `sleep`; each then takes 33 s."""
        self._port = port
        self._sleep = sleep
        self._asleep = False

    def setup(self) -> Steps[None]:
        """Wake it up, let it speak only when asked and without pauses, then blow for 30 s."""
        self._asleep = False
        yield from self._tell(AWAKE, AWAKE.wanted)
        for setting in (SILENT, STEADY):  # in a memory that wears
            if (yield from self._held(setting)) != setting.wanted:
                yield from self._tell(setting, setting.wanted)
                yield from self._expect(setting)
        yield WARM_UP
        self._refuse_talker()

    def measure(self) -> Steps[Values]:
        """Wake it up if it sleeps, ask for the values, and let it sleep if it shall."""
        if self._asleep:
            yield from self.setup()
        yield SILENCE
        self._refuse_talker()
        self._port.write(command(QUERY))
        found = particles((yield from answer(self._port)), self._port.where)
        yield from self._expect(AWAKE)
        yield from self._expect(STEADY)
        if self._sleep:
            self._port.write(command(AWAKE.command, SET, 0))
            yield from answer(self._port)  # its acknowledgement
            self._asleep = True
        return checked(self.channels, found, self._port.where)

    def _held(self, setting: Setting) -> Steps[int]:
        """Return what it says that it holds."""
        return (yield from self._said(setting, ASK, 0))

    def _tell(self, setting: Setting, value: int) -> Steps[None]:
        """Set it; raise `LostConfiguration` if it takes another value."""
        said = yield from self._said(setting, SET, value)
        self._refuse_other(setting, said)

    def _expect(self, setting: Setting) -> Steps[None]:
        """Raise `LostConfiguration` if it holds another value."""
        self._refuse_other(setting, (yield from self._held(setting)))

    def _refuse_other(self, setting: Setting, held: int) -> None:
        if held != setting.wanted:
            what = f"{setting.name} is {held} instead of {setting.wanted}"
            raise LostConfiguration(self._port.where, what, "does another program use it?")

    def _said(self, setting: Setting, action: int, value: int) -> Steps[int]:
        """Return the value of its answer, beside which it may speak unasked."""
        self._port.read()  # what it said before
        self._port.write(command(setting.command, action, value))
        frames = pieces((yield from answer(self._port)), self._port.where)
        for frame in frames:
            if frame[1:4] == bytes([SAID, setting.command, action]):
                return frame[4]
        raise WrongChip(self._port.where, f"no answer to {setting.command:02x}: no SDS011")

    def _refuse_talker(self) -> None:
        if self._port.read():
            what = "it speaks unasked"
            raise LostConfiguration(self._port.where, what, "does another program use it?")


def command(code: int, *arguments: int) -> bytes:
    """Return a frame to the sensor; the protocol's example: AA B4 04 … FF FF 02 AB asks."""
    body = bytes([code, *arguments]).ljust(13, b"\0") + ALL
    return bytes([HEAD, COMMAND]) + body + bytes([sum(body) & 0xFF, TAIL])


def pieces(said: bytes, where: str) -> list[bytes]:
    """Return the frames of what it said; raise `BadChecksum` unless all are whole."""
    if not said:
        raise NotReady(where, "no answer", "check its 5 V, and that TX and RX are crossed")
    frames = [said[n : n + FRAME_BYTES] for n in range(0, len(said), FRAME_BYTES)]
    for frame in frames:
        ends = len(frame) == FRAME_BYTES and (frame[0], frame[-1]) == (HEAD, TAIL)
        if not ends or sum(frame[2:8]) & 0xFF != frame[8]:
            raise BadChecksum(where, f"checksum wrong in {said.hex(' ')}", "check the cable")
    return frames


def particles(said: bytes, where: str) -> dict[str, float]:
    """Return the values of one frame; the protocol's example: D4 04 3A 0A is 123.6 and 261.8."""
    frame, *others = pieces(said, where)
    if others or frame[1] != VALUES:
        raise WrongChip(where, f"answers {said[:2].hex(' ')}, an SDS011 aa c0")
    pm25, pm10 = (int.from_bytes(frame[n : n + 2], "little") for n in (2, 4))
    if pm10 == 0:
        raise NotReady(
            where,
            "it counts no particle of any size",
            "its laser may be dead, or the air of a clean room: if smoke changes nothing, replace"
            " the sensor",
        )
    return {"pm25": pm25 / 10, "pm10": pm10 / 10}
