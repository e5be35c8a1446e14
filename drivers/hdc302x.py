"""Texas Instruments HDC3020/HDC3021/HDC3022 humidity and temperature sensor (SNAS778C).

Its commands and words are those of Sensirion's SHT3x; a maker's id tells the two apart.
"""

from collections.abc import Mapping
from typing import ClassVar

from drivers.base.driver import Identity
from drivers.base.sensirion import MAKER, TEXAS_INSTRUMENTS, Precision, recognised
from drivers.sht3x import SHT3x

# Low power modes 0 to 2, and the longest that they take (§6.5)
PRECISIONS = {
    "high": Precision(b"\x24\x00", 0.0141),
    "medium": Precision(b"\x24\x0b", 0.0085),
    "low": Precision(b"\x24\x16", 0.0056),
}


class HDC302x(SHT3x):
    """Texas Instruments HDC3020, HDC3021 or HDC3022 temperature and humidity sensor (SNAS778C)."""

    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45, 0x46, 0x47)
    precisions: ClassVar[Mapping[str, Precision]] = PRECISIONS
    other: ClassVar[str] = "no HDC302x: it has another maker's id, or none"
    reset_seconds: ClassVar[float] = 0.005

    def identify(self) -> Identity | None:
        """Ask for the maker's id, and its checksum."""
        found = recognised(self._port, MAKER, 1) == (TEXAS_INSTRUMENTS,)
        return Identity("HDC302x", certain=True) if found else None
