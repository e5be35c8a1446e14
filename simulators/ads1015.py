"""Texas Instruments ADS1015 as its datasheet describes it (SBAS473E): a faster ADS1115."""

from collections.abc import Mapping
from typing import ClassVar

from simulators import ads1115
from simulators.model import Range


class ADS1015(ads1115.ADS1115):
    """12 bits at the left of each result; other rates by the same bits (table 8-3)."""

    inputs: ClassVar[Mapping[str, Range]] = {
        pin: Range(0, ads1115.SUPPLY, 4.096 / 2048) for pin in ("a0", "a1", "a2", "a3")
    }
    rates: ClassVar[tuple[int, ...]] = (128, 250, 490, 920, 1600, 2400, 3300, 3300)
    bits: ClassVar[int] = 12
