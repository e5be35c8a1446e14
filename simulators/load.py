"""How busy a machine is, as /proc/loadavg shows it (proc(5))."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.linux import LinuxModel
from simulators.model import Range

NAMES = ("load_1min", "load_5min", "load_15min")


class Load(LinuxModel):
    """Three averages, each a separate input."""

    inputs: ClassVar[Mapping[str, Range]] = dict.fromkeys(NAMES, Range(0, 20, 0.01))
    quiet: ClassVar[Mapping[str, float]] = dict.fromkeys(NAMES, 0.5)

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the one file."""
        return {"/proc/loadavg": self._text}

    def _text(self) -> str:
        averages = " ".join(f"{self.values[name]:.2f}" for name in NAMES)
        return f"{averages} 1/123 4567\n"
