"""Plantower PMS5003 particle sensor on a serial line (series data manual V2.3, 2016).

A driver has no clock, and the fan needs 30 s after a wake-up: `setup` waits them itself and asks
for the `deadline` that this takes. It cannot know how long a sensor that is awake has been so.
Afterwards the sensor is in passive mode: one that talks unasked has restarted. One whose laser is
dead, or whose processor hangs, repeats itself with right checksums: zeros, or its last numbers.
"""

import struct
from typing import ClassVar

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, WrongChip
from drivers.base.serial import SerialPort, answer

# Commands (appendix II): start, command, state, sum
SLEEP = bytes.fromhex("42 4d e4 00 00 01 73")
WAKE_UP = bytes.fromhex("42 4d e4 00 01 01 74")
PASSIVE = bytes.fromhex("42 4d e1 00 00 01 70")
REQUEST = bytes.fromhex("42 4d e2 00 00 01 71")

START = b"BM"
FRAME_BYTES = 32
FRAME_LENGTH = 28  # as the frame itself counts
COUNTED = slice(4, 28)  # six concentrations and six numbers of particles in 0.1 L
WORDS = struct.Struct(">12H")
PER_LITRE = 10
MOST = 0xFFFE  # particles in 0.1 L; the next number is where it stops
ERROR = 29  # low byte of the reserved 13th word: error code in the sibling PMS7003
WARM_UP = 30.0
SILENCE = 2.5  # an active sensor speaks at least every 2.3 s
COMMAND_SECONDS = 0.5
FRAMES = 4  # of one measurement: the cleanest room has some particle of 0.3 µm in 0.4 L

MASSES = tuple(Channel(name, "µg/m³", 0, 1000, 1) for name in ("pm1", "pm25", "pm10"))
STANDARD = tuple(
    Channel(f"{one.name}_standard", one.unit, one.low, one.high, one.resolution, one.name)
    for one in MASSES
)
COUNTS = tuple(
    Channel(name, "1/L", 0, PER_LITRE * MOST, PER_LITRE, "particle_concentration")
    for name in ("over_0_3um", "over_0_5um", "over_1um", "over_2_5um", "over_5um", "over_10um")
)


class PMS5003:
    """Plantower PMS5003 laser particle sensor: PM1, PM2.5, PM10 (series data manual V2.3).

    Needs 5 V for its fan, and 30 s for each start. The values are those "under atmospheric
    environment"; up to 500 µg/m³ they are specified, up to 1000 given.
    """

    bus: ClassVar[BusKind] = "serial"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "dust on its lens, a laser that fades, or a fan that stands still: it counts too few",
            "a look at its fan now and then, and a new sensor after the three years that it lasts",
        ),
    )
    deadline: ClassVar[float] = WARM_UP + 20.0
    channels: tuple[Channel, ...] = (*MASSES, *STANDARD, *COUNTS)

    def __init__(
        self,
        port: SerialPort,
        *,
        sleep: bool = False,
        counts: bool = False,
        standard: bool = False,
    ) -> None:
        """`sleep`: between two measurements, so that it lasts longer; each then takes 33 s.

        `counts`: also the particles in a litre, by size; `standard`: also the concentrations for
        the particles of a factory (CF = 1).
        """
        self.channels = (*MASSES, *STANDARD * standard, *COUNTS * counts)
        self._port = port
        self._sleep = sleep
        self._asleep = False
        self._counted = b""

    def setup(self) -> Steps[None]:
        """Wake the sensor up, let it speak only when asked, then let its fan blow for 30 s.

        One that restarts meanwhile, pulled out and put back, gives itself away: it speaks.
        """
        self._asleep = False
        self._port.write(WAKE_UP)
        yield COMMAND_SECONDS
        self._port.write(PASSIVE)
        yield COMMAND_SECONDS
        self._port.read()  # its acknowledgement, and what it said before
        self._counted = (yield from self._asked())[COUNTED]
        yield WARM_UP
        self._refuse_talker()

    def measure(self) -> Steps[Values]:
        """Wake the sensor up if it sleeps, measure, and let it sleep if it shall."""
        if self._asleep:
            yield from self.setup()
        frame = yield from self._fresh()
        if self._sleep:
            self._port.write(SLEEP)
            self._asleep = True
        return checked(self.channels, particles(frame, self._port.where), self._port.where)

    def _fresh(self) -> Steps[bytes]:
        """Ask for a frame that counts particles, and not the same as before.

        Make sure each time that nothing arrives unasked.
        """
        for _ in range(FRAMES):
            yield SILENCE
            self._refuse_talker()
            frame = yield from self._asked()  # one that starts now does not speak for a second
            before, self._counted = self._counted, frame[COUNTED]
            if any(self._counted) and self._counted != before:
                return frame
        raise NotReady(
            self._port.where,
            "it counts no particle of any size"
            if not any(self._counted)
            else "it repeats one frame",
            "its laser may be dead, or the air of a clean room: if smoke changes nothing,"
            " switch it off and on, then replace it",
        )

    def _asked(self) -> Steps[bytes]:
        self._port.write(REQUEST)
        frame = yield from answer(self._port)
        particles(frame, self._port.where)
        return frame

    def _refuse_talker(self) -> None:
        if self._port.read():
            raise LostConfiguration(
                self._port.where, "it speaks unasked: it has restarted, and must warm up"
            )


def particles(frame: bytes, where: str) -> dict[str, float]:
    """Return all channels of a frame (appendix I).

    Words 1 to 3 are the standard concentrations, 4 to 6 the atmospheric, 7 to 12 numbers in 0.1 L.
    """
    if not frame:
        raise NotReady(where, "no answer", "check its 5 V, and that TX and RX are crossed")
    if not frame.startswith(START) or sum(frame[:-2]) != int.from_bytes(frame[-2:], "big"):
        raise BadChecksum(where, f"checksum wrong in {frame.hex(' ')}", "check the cable")
    if len(frame) != FRAME_BYTES or int.from_bytes(frame[2:4], "big") != FRAME_LENGTH:
        raise WrongChip(where, f"a frame of {len(frame)} bytes: a relative of the PMS5003")
    if frame[ERROR]:
        raise NotReady(where, f"reports error {frame[ERROR]:#04x}", "does its fan turn?")
    words = WORDS.unpack(frame[COUNTED])
    found = {one.name: word for one, word in zip((*STANDARD, *MASSES), words[:6], strict=True)}
    numbers = zip(COUNTS, words[6:], strict=True)
    return found | {one.name: PER_LITRE * word for one, word in numbers}
