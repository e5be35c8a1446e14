"""Aosong AM2320 humidity and temperature sensor (product manual AM2320, 2014).

It sleeps, and the first message only wakes it. A read gives the result of the measurement before
and begins the next one, so each measurement reads twice. Frames have a checksum, but nothing says
that a result is new.
"""

from contextlib import suppress
from typing import ClassVar

from drivers.base.blindness import DEW, NO_NEWS, Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import modbus
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_dead

READ = 0x03
HUMIDITY, MODEL = 0x00, 0x08  # registers: two words; model, version and serial number
WAKE_UP, ANSWER, INTERVAL = 0.001, 0.002, 2.1  # s
WAKING = 10  # messages, which take longer than it needs to wake


class AM2320:
    """Aosong AM2320 humidity and temperature sensor (product manual AM2320).

    It sleeps between measurements: `edge-agent scan` finds it at a second run within 3 seconds.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DEW, NO_NEWS)
    addresses: ClassVar[tuple[int, ...]] = (0x5C,)
    channels = (
        Channel("temperature", "°C", -40, 80, 0.1),
        Channel("humidity", "%", 0.1, 99.9, 0.1),  # 0 is what a chip without a result has
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Wake it, and see whether it acknowledges then; what it is can be read only later."""
        for _ in range(WAKING):
            with suppress(NoAcknowledge):
                self._port.write(b"\x00")
                return Identity("AM2320", certain=False)
        return None

    def setup(self) -> Steps[None]:
        """Read the model; raise `WrongChip` for a chip that answers otherwise."""
        try:
            yield from self._read(MODEL, 7)
        except BadChecksum as error:
            raise WrongChip(self._port.where, f"no AM2320: {error.what}") from error

    def measure(self) -> Steps[Values]:
        """Begin a measurement, and read its result when the next one may begin."""
        yield from self._read(HUMIDITY, 4)
        yield INTERVAL
        data = yield from self._read(HUMIDITY, 4)
        again = yield from self._read(HUMIDITY, 4)  # its answer does not say what it was asked
        if data != again:
            what = f"two reads of one result differ: {data.hex(' ')} and {again.hex(' ')}"
            raise BadChecksum(self._port.where, what)
        if not any(data):
            raise NotReady(self._port.where, "it has no result since it was powered")
        humidity, degrees = int.from_bytes(data[:2]), int.from_bytes(data[2:])
        values = {"humidity": humidity / 10, "temperature": temperature(degrees)}
        return checked(self.channels, values, self._port.where)

    def _read(self, register: int, count: int) -> Steps[bytes]:
        with suppress(NoAcknowledge):  # it does not acknowledge what wakes it
            self._port.write(b"\x00")
        yield WAKE_UP
        self._port.write(bytes([READ, register, count]))
        yield ANSWER
        frame = self._port.read(count + 4)
        refuse_dead(frame, self._port.where)
        begin, given = frame[:2], int.from_bytes(frame[-2:], "little")
        if begin != bytes([READ, count]) or given != modbus(frame[:-2]):
            raise BadChecksum(self._port.where, f"checksum wrong in {frame.hex(' ')}")
        return frame[2:-2]


def temperature(code: int) -> float:
    """Return °C: tenths, with a bit for below zero (0x00FA is 25, 0x80FA is -25)."""
    tenths = code & 0x7FFF
    return (-tenths if code & 0x8000 else tenths) / 10
