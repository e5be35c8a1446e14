"""Texas Instruments HDC1080 humidity and temperature sensor (datasheet SNAS672A).

The chip has no checksum, and its results change with every conversion: of three, the middle one is
taken, and all are refused if they are farther apart than noise.
"""

from typing import ClassVar

from drivers.base.blindness import DEW, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, refuse_dead
from drivers.base.sensirion import read_result

# Registers, table 1
MEASURE, CONFIGURATION, MANUFACTURER, DEVICE = 0x00, 0x02, 0xFE, 0xFF
IDS = (0x5449, 0x1050)
RESET, BOTH = 0x8000, 0x1000  # BOTH: one after the other, 14 bits each, as at power-on
LOW_BATTERY = 0x0800  # reads 1 below 2.8 V, which it may have
START_UP = 0.015  # seconds
SECONDS = 0.015  # 6.35 + 6.5 ms (§6.6), and some for its oscillator
UNUSED = 0x0003  # of a result: always 0
NOISE = (120, 197)  # codes between three results: 0.3 °C and 0.3 %, thrice their repeatability


class HDC1080:
    """Texas Instruments HDC1080 humidity and temperature sensor (datasheet SNAS672A)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x40,)
    blind: ClassVar[tuple[Blindness, ...]] = (
        DEW,
        TWINS,
        Blindness(
            "results that are damaged alike, two of the three that it takes: they have no checksum",
            "an SHT4x or an AHT20, whose results have one",
        ),
    )
    channels = (  # without the lowest code and the highest: what is beyond the range has these
        Channel("temperature", "°C", -40 + 165 / 2**14, 125 - 165 / 2**13, 165 / 2**14),
        Channel("humidity", "%", 100 / 2**14, 100, 100 / 2**14),
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port
        self._registers = WordRegisters(port)

    def identify(self) -> Identity | None:
        """Read manufacturer and device id."""
        found = tuple(self._registers.read(each) for each in (MANUFACTURER, DEVICE))
        return Identity("HDC1080", certain=True) if found == IDS else None

    def setup(self) -> Steps[None]:
        """Reset the chip: what it is after power-on is what we want."""
        found = tuple(self._registers.read_steady(each) for each in (MANUFACTURER, DEVICE))
        if found != IDS:
            ids = ", ".join(f"{one:04x}" for one in found)
            raise WrongChip(self._port.where, f"no HDC1080: its ids are {ids}")
        self._registers.write(CONFIGURATION, RESET)
        yield START_UP
        self._expect_both()

    def measure(self) -> Steps[Values]:
        """Measure both, three times, and return the middle ones."""
        first = yield from self._result()
        second = yield from self._result()
        third = yield from self._result()
        results = (first, second, third)
        self._expect_both()
        codes = [sorted(three) for three in zip(*results, strict=True)]
        for (lowest, _, highest), noise in zip(codes, NOISE, strict=True):
            if highest - lowest > noise:
                raise BadChecksum(self._port.where, f"three results differ: {results}")
        values = {"temperature": temperature(codes[0][1]), "humidity": humidity(codes[1][1])}
        return checked(self.channels, values, self._port.where)

    def _result(self) -> Steps[tuple[int, int]]:
        self._port.write(bytes([MEASURE]))
        yield SECONDS
        frame = read_result(self._port, 4)
        refuse_dead(frame, self._port.where)
        codes = int.from_bytes(frame[:2]), int.from_bytes(frame[2:])
        if any(code & UNUSED for code in codes):
            what = f"bits that are always 0 are not: {frame.hex(' ')}"
            raise BadChecksum(self._port.where, what)
        return codes

    def _expect_both(self) -> None:
        held = self._registers.read(CONFIGURATION) & ~LOW_BATTERY
        self._registers.refuse_changed(held, BOTH)


def temperature(code: int) -> float:
    """Return °C (§8.6.1: code / 2^16 · 165 - 40)."""
    return code / 2**16 * 165 - 40


def humidity(code: int) -> float:
    """Return % (§8.6.2: code / 2^16 · 100)."""
    return code / 2**16 * 100
