"""ASAIR AHT10 as its manual describes it: an AHT20 that starts uncalibrated and has no checksum."""

from typing import ClassVar

from simulators import aht20


class AHT10(aht20.AHT20):
    """Has to be initialised after each loss of power."""

    addresses: ClassVar[tuple[int, ...]] = (0x38, 0x39)
    initialise: ClassVar[bytes] = b"\xe1\x08\x00"
    factory_status: ClassVar[int] = 0x10
    checksum: ClassVar[bool] = False
