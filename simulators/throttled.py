"""A Raspberry Pi's firmware as its kernel driver shows it (drivers/firmware/raspberrypi.c)."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.linux import LinuxModel
from simulators.model import Range

FILE = "/sys/devices/platform/soc/soc:firmware/get_throttled"
NAMES = ("under_voltage", "frequency_capped", "throttled", "hot")
NOW = {name: bit for bit, name in enumerate(NAMES)}
BITS = {**NOW, **{f"{name}_ever": 16 + bit for name, bit in NOW.items()}}


class Throttled(LinuxModel):
    """The firmware's word, each bit an input."""

    inputs: ClassVar[Mapping[str, Range]] = dict.fromkeys(BITS, Range(0, 1, 1))
    quiet: ClassVar[Mapping[str, float]] = dict.fromkeys(BITS, 0.0)

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the one file."""
        return {FILE: self._word}

    def _word(self) -> str:
        return f"{sum(round(self.values[name]) << bit for name, bit in BITS.items()):x}\n"
