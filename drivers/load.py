"""How busy the machine is: /proc/loadavg, proc(5)."""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import TransferFailed
from drivers.base.linux import LinuxPort

FILE = "/proc/loadavg"
HINT = "is /proc mounted?"
MINUTES = (1, 5, 15)


class Load:
    """Tasks that run, or wait for the processor or the disk: averages over 1, 5 and 15 min."""

    bus: ClassVar[BusKind] = "linux"
    channels: tuple[Channel, ...] = tuple(
        Channel(f"load_{minutes}min", "", 0, 10_000, 0.01, "load") for minutes in MINUTES
    )

    def __init__(self, port: LinuxPort) -> None:
        self._port = port

    def setup(self) -> Steps[None]:
        """Do nothing: every kernel has the file."""
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read the three averages."""
        text = self._port.read(FILE)
        yield from ()
        try:
            loads = [float(word) for word in text.split()[:3]]
            values = {c.name: load for c, load in zip(self.channels, loads, strict=True)}
        except ValueError as error:
            raise TransferFailed(
                f"{self._port.where}:{FILE}", f"says {text[:40]!r}", HINT
            ) from error
        return checked(self.channels, values, self._port.where)
