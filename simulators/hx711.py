"""Avia HX711 behind the kernel's driver `hx711` (datasheet; Linux, hx711.c).

The chip sends two's complement from 0x800000 to 0x7FFFFF, which the kernel gives as offset binary.
Its input is what it counts with a gain of 128 on input A; input B has the same signal.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel
from simulators.model import Range

FULL = 1 << 23
AVDD = 5_000_000  # µV


class HX711(LinuxModel):
    """A converter whose gain on input A another program may set: `gain`."""

    inputs: ClassVar[Mapping[str, Range]] = {"raw": Range(1 - FULL, FULL - 2, 1)}
    quiet: ClassVar[Mapping[str, float]] = {"raw": 120_000}

    def __init__(self, clock: SimulatedClock, number: int = 0, *, gain: int = 128) -> None:
        super().__init__(clock, number)
        self.gain = self._last_gain = gain

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the device's directory."""
        directory = f"/sys/bus/iio/devices/iio:device{self.number}"
        return {
            f"{directory}/name": lambda: "hx711\n",
            f"{directory}/in_voltage0_raw": lambda: self._raw(self.gain),
            f"{directory}/in_voltage1_raw": lambda: self._raw(32),
            f"{directory}/in_voltage_scale": lambda: f"{scale(self._last_gain)}\n",
            f"{directory}/in_voltage0_scale_available": lambda: f"{scale(128)} {scale(64)} \n",
            f"{directory}/in_voltage1_scale_available": lambda: f"{scale(32)} \n",
        }

    def _raw(self, gain: int) -> str:
        """Convert: what is beyond the range is at its end."""
        self._last_gain = gain
        felt = self.felt("raw") * gain / 128
        count = round(felt) or (1 if felt > 0 else -1)  # its noise leaves none at 0
        return f"{(min(max(count, -FULL), FULL - 1) & 0xFFFFFF) ^ 0x800000}\n"


def scale(gain: int) -> str:
    """Return mV a count, as the kernel's driver computes them: AVDD / gain / 2^24."""
    return f"0.{AVDD * 100 // gain // 1678:09d}"
