"""Senseair S8 carbon dioxide sensor on a serial line (Modbus on Senseair S8, revision P01).

It measures by itself every 2 or 4 s. Its status says what it has found wrong with itself.
"""

from typing import ClassVar

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.co2 import Limit
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.base.modbus_rtu import sealed
from drivers.base.serial import SerialPort, answer

ANY = 0xFE  # the address at which every sensor answers
READ_HELD, READ_INPUT, WRITE = 0x03, 0x04, 0x06
# Registers, from 0: of status, alarm, output and concentration; of acknowledgements, commands
STATUS, CONCENTRATION = 0x0000, 3
ACKNOWLEDGED, COMMAND, PERIOD = 0x0000, 0x0001, 0x001F
CALIBRATE, CALIBRATED = 0x7C06, 0x0020
OUT_OF_RANGE = 0x20
FAILURES = {  # bits of the status
    0x01: "a fatal error",
    0x02: "an error of its offset",
    0x04: "an error of its algorithm",
    0x08: "an error of its output",
    0x10: "an error of its self-diagnostics",
    OUT_OF_RANGE: "a concentration beyond its range",
    0x40: "an error of its memory",
}
PERIODS = Limit(0, 4800, "h")
START = 20.0  # s: in any case longer than until its first result
SETTLED = 300.0  # s in air of 400 ppm before it is calibrated
TAKEN = 10.0  # s: at least two results later it says so


class SenseairS8:
    """Senseair S8 infrared CO2 sensor, 400 to 2000 ppm, up to 10000 with less accuracy.

    Needs 5 V; `setup` waits 20 s for its first result. Senseair's Modbus description, revision P01.
    """

    bus: ClassVar[BusKind] = "serial"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that it measures no more, but answers with its last result, and without an error",
            "an SCD4x or an SCD30, which say that a result is new",
        ),
        Blindness(
            "air that never falls to 400 ppm, while its self-calibration takes its least for it",
            "`self_calibration_period = 0`, and the command `calibrate` in fresh air",
        ),
    )
    deadline: ClassVar[float] = START + 10.0
    calibrates: ClassVar[tuple[float, float]] = (400, 400)
    channels: tuple[Channel, ...] = (Channel("carbon_dioxide", "ppm", 1, 10_000, 1),)

    def __init__(self, port: SerialPort, *, self_calibration_period: int | None = None) -> None:
        """`self_calibration_period`: h, 0 for never; it was made with 180. Without it, it stays."""
        PERIODS.check("self_calibration_period", self_calibration_period)
        self._port = port
        self._period = self_calibration_period

    def setup(self) -> Steps[None]:
        """Let it hold the period, and wait for a first result, should it have started just now."""
        yield from self._inputs()
        if self._period is not None:
            yield from self._hold(self._period)
        yield START

    def measure(self) -> Steps[Values]:
        """Ask for status and concentration; raise for an error that it reports."""
        return checked(
            self.channels, {"carbon_dioxide": (yield from self._ppm())}, self._port.where
        )

    def calibrate(self, value: float) -> Steps[float]:
        """Measure air of 400 ppm for five minutes, then take it for that."""
        yield from self.setup()
        yield SETTLED
        before = yield from self._ppm()
        yield from self._write(ACKNOWLEDGED, 0)
        yield from self._write(COMMAND, CALIBRATE)
        yield TAKEN
        if not (yield from self._word(ACKNOWLEDGED)) & CALIBRATED:
            what = f"it has not calibrated itself {TAKEN:g} s after the command"
            raise NotReady(self._port.where, what, "was the air still? try again")
        return value - before

    def _ppm(self) -> Steps[int]:
        status, _, _, ppm = yield from self._inputs()
        for bit, what in FAILURES.items():
            if status & bit:
                kind = OutOfRange if bit == OUT_OF_RANGE else NotReady
                raise kind(self._port.where, f"it reports {what}", "if it stays, replace it")
        if ppm == 0:
            raise NotReady(self._port.where, "0 ppm is what it says before its first result")
        return ppm

    def _hold(self, hours: int) -> Steps[None]:
        """Let it hold the period; its memory wears: it is written only if it differs."""
        if (yield from self._word(PERIOD)) == hours:
            return
        yield from self._write(PERIOD, hours)
        held = yield from self._word(PERIOD)
        if held != hours:
            what = f"self_calibration_period is {held} instead of {hours}"
            raise LostConfiguration(self._port.where, what)

    def _inputs(self) -> Steps[tuple[int, ...]]:
        return (yield from self._asked(READ_INPUT, STATUS, CONCENTRATION + 1))

    def _word(self, register: int) -> Steps[int]:
        (word,) = yield from self._asked(READ_HELD, register, 1)
        return word

    def _asked(self, code: int, register: int, count: int) -> Steps[tuple[int, ...]]:
        body = yield from self._exchanged(request(code, register, count), 2 + count * 2)
        if body[1] != 2 * count:
            raise WrongChip(self._port.where, f"answers {body.hex(' ')}: no Senseair S8")
        return tuple(int.from_bytes(body[n : n + 2]) for n in range(2, len(body), 2))

    def _write(self, register: int, word: int) -> Steps[None]:
        sent = request(WRITE, register, word)
        if (yield from self._exchanged(sent, 5)) != sent[1:-2]:
            raise WrongChip(self._port.where, "does not repeat what was written: no Senseair S8")

    def _exchanged(self, sent: bytes, size: int) -> Steps[bytes]:
        """Return the answer without address and checksum: its code, then `size` - 1 bytes."""
        self._port.read()  # a late answer
        self._port.write(sent)
        return unpacked((yield from answer(self._port)), sent[1], size, self._port.where)


def request(code: int, register: int, word: int) -> bytes:
    """Return a frame to the sensor; Senseair's example: FE 04 00 00 00 04 E5 C6 reads four."""
    frame = bytes([ANY, code]) + register.to_bytes(2) + word.to_bytes(2)
    return sealed(frame)


def unpacked(frame: bytes, code: int, size: int, where: str) -> bytes:
    """Return what a frame holds; raise `BadChecksum`, or `WrongChip` for another answer."""
    if not frame:
        raise NotReady(where, "no answer", "check its 5 V, and that TX and RX are crossed")
    if len(frame) < 5 or sealed(frame[:-2]) != frame:
        raise BadChecksum(where, f"checksum wrong in {frame.hex(' ')}", "check the cable")
    if frame[1] != code or len(frame) != size + 3:
        raise WrongChip(where, f"answers {frame.hex(' ')}: no Senseair S8")
    return frame[1:-2]
