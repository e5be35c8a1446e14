"""Texas Instruments HDC1008 humidity and temperature sensor (datasheet SNAS649A)."""

from typing import ClassVar

from drivers.base.blindness import DEW, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, DeadFrame, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort

# Registers, table 1
MEASURE, CONFIGURATION, MANUFACTURER, DEVICE = 0x00, 0x02, 0xFE, 0xFF
TEXAS_INSTRUMENTS, HDC1008_ID = 0x5449, 0x1000
RESET, BOTH = 0x8000, 0x1000  # BOTH: temperature and humidity in sequence, 14 bits each
START_UP = 0.015  # seconds
SECONDS = 0.015  # 6.35 + 6.5 ms (§6.6), and some for its oscillator
NOISE = 512  # codes, between three results: 1.3 °C or 0.8 %


class HDC1008:
    """Texas Instruments HDC1008 humidity and temperature sensor (datasheet SNAS649A)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x40, 0x41, 0x42, 0x43)
    blind: ClassVar[tuple[Blindness, ...]] = (DEW, TWINS)
    channels = (  # without the lowest code and the highest: what is beyond the range has these
        Channel("temperature", "°C", -40 + 165 / 2**14, 125 - 165 / 2**13, 165 / 2**14),
        Channel("humidity", "%", 100 / 2**14, 100, 100 / 2**14),
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Read manufacturer and device id."""
        found = (self._word(MANUFACTURER), self._word(DEVICE))
        ours = found == (TEXAS_INSTRUMENTS, HDC1008_ID)
        return Identity("HDC1008", certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Reset the chip: what it is after power-on is what we want."""
        if self.identify() is None:
            raise WrongChip(self._port.where, "no HDC1008: it has other ids")
        self._port.write(bytes([CONFIGURATION, *RESET.to_bytes(2)]))
        yield START_UP
        held = self._word(CONFIGURATION)
        if held != BOTH:
            raise WrongChip(self._port.where, f"its configuration is {held:04x} after a reset")

    def measure(self) -> Steps[Values]:
        """Measure both, three times: the chip has no checksum, but results can be compared."""
        first = yield from self._codes()
        second = yield from self._codes()
        third = yield from self._codes()
        results = (first, second, third)
        codes = [sorted(three) for three in zip(*results, strict=True)]
        if any(highest - lowest > NOISE for lowest, _, highest in codes):
            raise BadChecksum(self._port.where, f"three results differ: {results}")
        values = {"temperature": temperature(codes[0][1]), "humidity": humidity(codes[1][1])}
        return checked(self.channels, values, self._port.where)

    def _codes(self) -> Steps[tuple[int, int]]:
        self._port.write(bytes([MEASURE]))
        yield SECONDS
        try:
            frame = self._port.read(4)
        except NoAcknowledge as error:  # it did acknowledge the command
            raise NotReady(self._port.where, "no result after the longest time") from error
        if frame in {bytes(4), b"\xff" * 4}:
            raise DeadFrame(self._port.where, f"the chip answers {frame[0]:02x} only")
        if frame[1] & 3 or frame[3] & 3:
            raise BadChecksum(self._port.where, f"bits that are always 0 are not: {frame.hex(' ')}")
        return int.from_bytes(frame[:2]), int.from_bytes(frame[2:])

    def _word(self, register: int) -> int:
        return int.from_bytes(self._port.write_read(bytes([register]), 2))


def temperature(code: int) -> float:
    """Return °C (§8.6.1: code / 2^16 · 165 - 40)."""
    return code / 2**16 * 165 - 40


def humidity(code: int) -> float:
    """Return % (§8.6.2: code / 2^16 · 100)."""
    return code / 2**16 * 100
