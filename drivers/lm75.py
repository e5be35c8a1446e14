"""LM75 thermometer and its many relatives (TI SNIS153D, NXP LM75B rev 6.1, TI TMP75 SBOS288L).

The chip has neither identification, checksum nor ready flag: it sleeps between two measurements, so
that the first result after it woke is a new one; the marked configuration shows that no brown-out
came between.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import NO_NEWS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DeadFrame, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, refuse_changed, signed

# Registers, LM75B table 6
TEMPERATURE, CONFIGURATION, HYSTERESIS, OVERTEMPERATURE = range(4)
USUAL_LIMITS = {(each, 0x5000) for each in (0x4B00, 0x4C00, 0x4C70)}  # 75, 80 °C; ours
RESERVED = 0xE0
SHUTDOWN = 0x01
MARK = 0x10  # four faults before the alarm pin, which is usually not connected
LIMIT, TOO_FINE = 0x4C00, 0x007F  # 76 °C, and bits that a limit has not, or not all (table 12)
# How a limit is kept shows the kind: TMP75, TMP105 and alike keep 12 bits, and begin with 9 in the
# results; these bits of the configuration give them all 12 (SBOS288L tables 8 and 9).
TWELVE_BITS = 0x60
RESULTS = {LIMIT: 0x00, LIMIT | 0x0070: TWELVE_BITS}
SECONDS = 0.33  # LM75: 300 ms at most


class LM75:
    """LM75, LM75B, PCT2075, TMP75, TMP105 and compatible thermometers."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (NO_NEWS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x48, 0x50))
    channels: tuple[Channel, ...] = (Channel("temperature", "°C", -55, 125, 0.125),)

    def __init__(self, port: I2CPort, *, bits: Literal[9, 11] = 11) -> None:
        """`bits`: 9 for the first LM75, in steps of 0.5 °C; 11 for the later ones, and TMP75."""
        self._port = port
        self._registers = WordRegisters(port)
        self._awake = MARK
        self._bits = bits
        self.channels = (Channel("temperature", "°C", -55, 125, 2.0 ** (8 - bits)),)

    def identify(self) -> Identity | None:
        """Assume the chip if the limits are as usual, and the configuration is possible."""
        limits = (self._registers.read(HYSTERESIS), self._registers.read(OVERTEMPERATURE))
        held = self._configuration()
        possible = not held & RESERVED or held & ~SHUTDOWN == MARK | TWELVE_BITS
        usual = limits in USUAL_LIMITS and possible
        return Identity("LM75", certain=False) if usual else None

    def setup(self) -> Steps[None]:
        """Let the chip sleep; raise `WrongChip` if it does not keep what is written."""
        self._registers.write(HYSTERESIS, LIMIT | TOO_FINE)
        limit = self._registers.read(HYSTERESIS)
        self._awake = MARK | RESULTS.get(limit, 0)
        wanted = self._awake | SHUTDOWN
        self._port.write(bytes([CONFIGURATION, wanted]))
        held = self._configuration()
        if held != wanted or limit not in RESULTS:
            what = f"no LM75: its registers hold {held:02x} and {limit:04x}"
            raise WrongChip(self._port.where, f"{what}, not {wanted:02x} and {LIMIT:04x}")
        yield from ()

    def measure(self) -> Steps[Values]:
        """Wake the chip for one conversion."""
        self._expect(self._awake | SHUTDOWN)
        self._port.write(bytes([CONFIGURATION, self._awake]))
        self._expect(self._awake)
        yield SECONDS
        raw = self._registers.read(TEMPERATURE)
        self._expect(self._awake)
        self._registers.confirm(TEMPERATURE, raw)
        self._port.write(bytes([CONFIGURATION, self._awake | SHUTDOWN]))
        values = {"temperature": temperature(raw, self._bits)}
        return checked(self.channels, values, self._port.where)

    def _expect(self, wanted: int) -> None:
        held = self._configuration()
        if held in {0x00, 0xFF}:
            limits = self._registers.read(OVERTEMPERATURE)
            if limits in {0x0000, 0xFFFF}:
                raise DeadFrame(self._port.where, f"the chip answers {held:02x} only")
        refuse_changed(bytes([held]), bytes([wanted]), self._port.where)

    def _configuration(self) -> int:
        return self._port.write_read(bytes([CONFIGURATION]), 1)[0]


def temperature(raw: int, bits: int) -> float:
    """Return °C: `bits` at the left of two bytes, 1/256 °C each; the others are undefined.

    LM75B table 10: 7F00 → 127, 7EE0 → 126.875, 1900 → 25, 0020 → 0.125, 0000 → 0, FFE0 → -0.125,
    E700 → -25, C920 → -54.875, C900 → -55.
    """
    undefined = 16 - bits
    return signed(raw >> undefined << undefined) / 256
