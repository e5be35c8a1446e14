"""What a Raspberry Pi's firmware says of its supply and its heat: `vcgencmd get_throttled`."""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values
from drivers.base.errors import BusMissing, TransferFailed
from drivers.base.linux import LinuxPort

PLATFORM = "/sys/devices/platform"
FILE = "get_throttled"
BITS = {"under_voltage": 0, "frequency_capped": 1, "throttled": 2, "hot": 3}
EVER = 16  # the same four bits, since the machine was switched on


class Throttled:
    """A Raspberry Pi's supply and heat: under-voltage and throttling, now and since boot."""

    bus: ClassVar[BusKind] = "linux"
    channels: tuple[Channel, ...] = tuple(
        Channel(name + suffix, "", 0, 1, 1, "binary") for suffix in ("", "_ever") for name in BITS
    )

    def __init__(self, port: LinuxPort) -> None:
        self._port = port
        self._path = ""

    def setup(self) -> Steps[None]:
        """Find the firmware's file: its place differs between Pi 4 and Pi 5."""
        for soc in self._port.names(PLATFORM):
            for node in self._port.names(f"{PLATFORM}/{soc}") if soc.startswith("soc") else ():
                directory = f"{PLATFORM}/{soc}/{node}"
                if node.endswith("firmware") and FILE in self._port.names(directory):
                    self._path = f"{directory}/{FILE}"
        if not self._path:
            raise BusMissing(
                self._port.where,
                "this kernel has no file get_throttled",
                'only Raspberry Pi OS has it; elsewhere use driver = "hwmon" with rpi_volt',
            )
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read the firmware's bits."""
        text = self._port.read(self._path)
        yield from ()
        return flags(text, f"{self._port.where}:{self._path}")


def flags(text: str, where: str) -> dict[str, float]:
    """Return the channels of a hexadecimal word: 50005 is under-voltage and throttled, twice."""
    try:
        word = int(text, 16)
    except ValueError as error:
        raise TransferFailed(
            where, f"says {text[:40]!r}, which is not a number", "is the firmware up to date?"
        ) from error
    now = {name: float(word >> bit & 1) for name, bit in BITS.items()}
    return now | {f"{name}_ever": float(word >> bit + EVER & 1) for name, bit in BITS.items()}
