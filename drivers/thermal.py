"""The temperature of the processor: Documentation/driver-api/thermal/sysfs-api.rst."""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BusMissing, WrongChip
from drivers.base.linux import LinuxPort, number

ZONES = "/sys/class/thermal"


class Thermal:
    """The kernel's thermal zones: `cpu-thermal` is the processor of every Raspberry Pi."""

    bus: ClassVar[BusKind] = "linux"
    channels: tuple[Channel, ...] = (Channel("temperature", "°C", -55, 150, 0.001),)

    def __init__(self, port: LinuxPort, *, zone: str = "cpu-thermal") -> None:
        """`zone`: what its file `type` says."""
        self._port = port
        self._zone = zone
        self._directory = ""

    def setup(self) -> Steps[None]:
        """Find the zone."""
        types = {
            self._port.read(f"{ZONES}/{each}/type"): f"{ZONES}/{each}"
            for each in self._port.names(ZONES)
            if each.startswith("thermal_zone")
        }
        if self._zone not in types:
            known = ", ".join(sorted(types)) or "none"
            raise BusMissing(
                self._port.where, f"no thermal zone {self._zone!r}", f"`zone` is one of: {known}"
            )
        self._directory = types[self._zone]
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read the zone, which counts in m°C."""
        file = f"{self._directory}/temp"
        celsius = number(self._port.read(file), f"{self._port.where}:{file}") / 1000
        yield from ()
        if self._port.read(f"{self._directory}/type") != self._zone:
            raise WrongChip(self._port.where, "the kernel has numbered its thermal zones again")
        return checked(self.channels, {"temperature": celsius}, self._port.where)
