"""Bosch BME280 as its datasheet describes it: a BMP280 with a humidity sensor beside it."""

from collections.abc import Mapping
from typing import ClassVar

from simulators import bmp280
from simulators.bmp280 import CTRL_MEAS, SAMPLES, bisect, fine_of
from simulators.clock import SimulatedClock
from simulators.model import Range

CTRL_HUM = 0xF2
# H1..H6: as chips on sale hold them; the datasheet has no example
TRIM = (75, 362, 0, 324, 50, 30)
ANOTHER_TRIM = (75, 376, 0, 298, 50, 30)


class BME280(bmp280.BMP280):
    """Its humidity setting takes effect when `ctrl_meas` is written (§5.4.3)."""

    inputs: ClassVar[Mapping[str, Range]] = {
        **bmp280.BMP280.inputs,
        "humidity": Range(0, 100, 0.01),
    }
    quiet: ClassVar[Mapping[str, float]] = {**bmp280.BMP280.quiet, "humidity": 45.0}
    chip_id: ClassVar[int] = 0x60
    writable: ClassVar[set[int]] = bmp280.WRITABLE | {CTRL_HUM}
    standby: ClassVar[tuple[float, ...]] = (*bmp280.BMP280.standby[:6], 0.01, 0.02)  # §5.4.6
    skipped: ClassVar[bytes] = bmp280.BMP280.skipped + b"\x80\x00"

    def __init__(self, clock: SimulatedClock) -> None:
        self.humidity_trim = list(TRIM)
        super().__init__(clock)

    def vary(self) -> None:
        """Take the trims of another chip."""
        super().vary()
        self.humidity_trim = list(ANOTHER_TRIM)

    def _milliseconds(self) -> float:
        """Return the typical time (§9.1)."""
        samples = self._humidity_samples()
        return super()._milliseconds() + (2 * samples + 0.5 if samples else 0)

    def _humidity_samples(self) -> int:
        return SAMPLES[self._registers[CTRL_HUM] & 7]

    def _burn_in(self) -> None:
        super()._burn_in()
        h1, h2, h3, h4, h5, h6 = self.humidity_trim
        self._show(0xA1, bytes([h1]))
        nibbles = (h4 & 0xF) | (h5 & 0xF) << 4
        tail = [h2 & 0xFF, h2 >> 8 & 0xFF, h3, h4 >> 4 & 0xFF, nibbles, h5 >> 4 & 0xFF, h6 & 0xFF]
        self._show(0xE1, bytes(tail))

    def _codes(self) -> bytes:
        codes = super()._codes()
        if not self._humidity_samples() or not self._registers[CTRL_MEAS] >> 5:
            return codes + b"\x80\x00"
        fine = fine_of(self.trim, int.from_bytes(codes[3:6], "big") >> 4)
        trim, target = self.humidity_trim, self.values["humidity"]
        code = bisect(lambda c: percent_of(trim, c, fine), target, 0xFFFF)
        return codes + code.to_bytes(2, "big")


def percent_of(trim: list[int], code: int, fine: float) -> float:
    """Return relative humidity in %, not cropped: a line whose slope follows the temperature."""
    h1, h2, h3, h4, h5, h6 = trim
    warm = fine - 76800
    zero = 64 * h4 + warm * h5 / 2**14
    slope = h2 / 2**16 * (1 + warm * h6 / 2**26 + warm * warm * h6 * h3 / 2**52)
    line = slope * (code - zero)
    return line - h1 * line * line / 2**19
