"""Melexis MLX90614 infrared thermometer (datasheet 3901090614 rev 13).

Every answer has a checksum. The chip measures by itself, some ten times a second, and says that it
has not begun yet, but not that a result is new.
"""

from typing import ClassVar

from drivers.base import checksum
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    DriverError,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.i2c import I2CPort

# Commands, §8.4.5: words of its memories, and its flags
AMBIENT, OBJECT, EMISSIVITY, OWN_ADDRESS, FLAGS = 0x06, 0x07, 0x24, 0x2E, 0xF0
RUNS, EEPROM_DEAD = 0x0010, 0x0020  # bits of the flags; INIT is 0 while it starts
STARTS, START_SECONDS = 5, 0.1  # 250 ms until a result is valid (§6.1)
INVALID, LOWEST = 0x8000, 0x27AD  # a bit of a temperature; -70.01 °C, and 0 before the first result
PER_KELVIN, ZERO_CELSIUS = 50, 273.15

NO_NEWS = Blindness(
    "that it measures no more, but answers: nothing distinguishes a new result from an old one",
    "an MLX90632, which says that a result is new",
)


class MLX90614:
    """Melexis MLX90614 infrared thermometer (datasheet 3901090614 rev 13).

    `temperature` is the surface's that it looks at, `ambient` its own. `emissivity` is that of the
    surface, whatever is written in the chip; polished metal has hardly any.
    """

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x5A, 0x5B, 0x5C, 0x5D)  # a user may write any
    blind: ClassVar[tuple[Blindness, ...]] = (NO_NEWS,)
    channels = (  # whole codes, of 0.02 K
        Channel("temperature", "°C", -70.01, 380.01, 0.02, needs=("ambient",)),
        Channel("ambient", "°C", -39.99, 125.01, 0.02, "temperature"),
    )

    def __init__(self, port: I2CPort, *, emissivity: float = 1.0) -> None:
        """`emissivity`: 0.1 to 1, of the surface."""
        if not 0.1 <= emissivity <= 1:
            raise ValueError(f"emissivity is {emissivity:g}: wanted 0.1 to 1")
        self._port = port
        self._emissivity = emissivity
        self._written = 0  # the chip's own emissivity

    def identify(self) -> Identity | None:
        """Read the chip's own address, and the checksum over it."""
        try:
            own = self._word(OWN_ADDRESS) & 0x7F == self._port.address
        except BadChecksum:
            return None
        return Identity("MLX90614", certain=True) if own else None

    def setup(self) -> Steps[None]:
        """Wait for the chip's start, and read its emissivity; raise `WrongChip` for another."""
        if self.identify() is None:
            raise WrongChip(self._port.where, "no MLX90614: it does not hold its own address")
        for _ in range(STARTS):
            if self._word(FLAGS) & RUNS:
                break
            yield START_SECONDS
        self._written = self._word(EMISSIVITY)
        if not self._written:
            what = "its emissivity is 0: it was erased, and not written"
            raise LostConfiguration(self._port.where, what, "write it with Melexis' tool")

    def measure(self) -> Steps[Values]:
        """Read both temperatures."""
        self._refuse_unready()
        warmth = self._word(AMBIENT)
        shown = self._word(OBJECT)
        ambient = self._celsius("ambient", warmth)
        values = {"ambient": ambient, "temperature": self._corrected(shown, ambient)}
        yield from ()
        return checked(self.channels, values, self._port.where)

    def _refuse_unready(self) -> None:
        flags, held = self._word(FLAGS), self._word(EMISSIVITY)
        if flags & EEPROM_DEAD:
            raise DeadFrame(self._port.where, "its memory has errors", "replace it")
        if not flags & RUNS:
            raise NotReady(self._port.where, "it has just started")
        if held != self._written:
            what = f"its emissivity was {self._written:04x}, it is {held:04x}"
            raise LostConfiguration(self._port.where, what, "does another program use it?")

    def _corrected(self, word: int, ambient: float | DriverError) -> float | DriverError:
        """Return the surface's temperature, as if its own emissivity were written in the chip."""
        shown = self._celsius("temperature", word)
        if isinstance(shown, DriverError) or isinstance(ambient, DriverError):
            return shown
        return corrected(shown, ambient, (self._written + 1) / 65536 / self._emissivity)

    def _celsius(self, name: str, word: int) -> float | DriverError:
        if word & INVALID or word < LOWEST:
            return OutOfRange(self._port.where, f"{name} is no result: {word:04x}")
        return celsius(word)

    def _word(self, command: int) -> int:
        """Return a word, low byte first; raise `BadChecksum`, which is over both addresses, too."""
        frame = self._port.write_read(bytes([command]), 3)
        to, of = self._port.address << 1, self._port.address << 1 | 1
        if checksum.smbus(bytes([to, command, of]) + frame[:2]) != frame[2]:
            raise BadChecksum(self._port.where, f"checksum wrong in {frame.hex(' ')}")
        return int.from_bytes(frame[:2], "little")


def celsius(word: int) -> float:
    """Return °C (§8.7.2: 27AD → -70.01, 3AF7 → 28.75, 7FFF → 382.19)."""
    return word / PER_KELVIN - ZERO_CELSIUS


def corrected(shown: float, ambient: float, share: float) -> float:
    """Return °C of a surface with another emissivity than the chip's, which is `share` of it.

    What the chip feels is the difference of two radiations, and each goes with the fourth power of
    a temperature in K.
    """
    if share == 1:
        return shown
    own = (ambient + ZERO_CELSIUS) ** 4
    felt = (shown + ZERO_CELSIUS) ** 4 - own
    return float(max(own + felt * share, 0) ** 0.25 - ZERO_CELSIUS)
