"""Which drivers and models are installed.

Ours and those of other packages are found the same way, by entry points; a module is imported only
when its name is asked for.
"""

from collections.abc import Iterable
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, overload

from edge_agent.acquire.options import nearest
from edge_agent.errors import ConfigError
from edge_agent.plugins import plugins
from edge_agent.toml_text import shown

if TYPE_CHECKING:
    from drivers.base.driver import DriverClass

Class = TypeVar("Class", bound=type)
NOUNS = {"edge_agent.drivers": "driver", "edge_agent.simulators": "simulated driver"}
ALIKE = 0.75  # chips with less similar names are of different kinds
VOLTAGE = 'read its voltage, as with driver = "ads1115"; '
MULTIPLEXER = (
    "the kernel drives a multiplexer, and each of its channels is a bus: write"
    " `dtoverlay=i2c-mux,pca9548` into /boot/firmware/config.txt, reboot, and `edge-agent scan`"
    " shows which `bus` each sensor has; "
)
# Chips and words that are no driver's, by what to write instead.
OTHER_NAMES = {
    name: what
    for what, names in {
        'write driver = "dht22"; ': "am2301 am2302 am2303 dht21 rht03",
        'write driver = "aht20"; ': "dht20 am2301b aht21",
        'write driver = "nmea"; ': "gps gpsd neo6m neo-6m ublox",
        'write driver = "sht3x"; ': "sht3xd sht30 sht31 sht31d sht35",
        'write driver = "htu21d"; ': "sht2x sht20 sht21 sht25",
        'write driver = "bmp3xx"; ': "bmp384 bmp388 bmp390",
        'write driver = "ds18b20"; ': "dallas dallas_temp onewire 1wire w1",
        'write driver = "contact"; ': (
            "pir motion hcsr501 hc-sr501 am312 button reed door input digital binary_sensor"
        ),
        'write driver = "relay" for an output, "contact" for an input; ': "gpio switch rpi_gpio",
        'write driver = "relay"; ': "relais ssr solenoid valve",
        'write driver = "pulse"; ': "counter anemometer rain flow wind s0",
        'write driver = "max31865"; ': "pt100 pt1000",
        'write driver = "thermal"; ': "cpu_temp cpu_temperature rpi vcgencmd",
        'write driver = "load"; ': "cpu system",
        'write driver = "command"; ': "exec shell script command_line",
        MULTIPLEXER: "tca9548a tca9548 pca9548 pca9548a multiplexer i2c_mux i2c_multiplexer",
        VOLTAGE: "analog ldr lm35 tmp36 ntc soil yl69 mq2 mq135 sct013 ph tds",
    }.items()
    for name in names.split()
}


class Catalog(Generic[Class]):
    """The classes of one group by name: drivers, or the models that simulate their chips."""

    @overload
    def __init__(
        self: "Catalog[DriverClass]",
        group: Literal["edge_agent.drivers"],
        entries: Iterable[EntryPoint] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: "Catalog[type]",
        group: Literal["edge_agent.simulators"],
        entries: Iterable[EntryPoint] | None = None,
    ) -> None: ...

    def __init__(self, group: str, entries: Iterable[EntryPoint] | None = None) -> None:
        """`entries` default to those of all installed packages."""
        self._noun = NOUNS[group]
        self._entries = tuple(plugins(group) if entries is None else entries)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, without importing anything."""
        return tuple(sorted({entry.name for entry in self._entries}))

    def load(self, name: str) -> Class:
        """Import and return the class; raise ConfigError unless exactly one can be."""
        entry = self._entry(name)
        try:
            loaded: Class = entry.load()
        except Exception as error:
            raise _problem(
                name,
                f"package {_package(entry)} cannot be imported: {error!r};"
                " reinstall it, or report this to its author",
            ) from error
        return loaded

    def load_all(self) -> tuple[dict[str, Class], list[str]]:
        """Import every class that can be imported; return them by name, and why others cannot."""
        loaded: dict[str, Class] = {}
        problems: list[str] = []
        for name in self.names:
            try:
                loaded[name] = self.load(name)
            except ConfigError as error:
                problems += error.problems
        return loaded, problems

    def _entry(self, name: str) -> EntryPoint:
        found = [entry for entry in self._entries if entry.name == name]
        if not found:
            meant = OTHER_NAMES.get(name.casefold()) or self._like(name)
            rest = f"known: {', '.join(self.names)}" if not meant else "all: `edge-agent drivers`"
            raise _problem(name, f"unknown {self._noun}; {meant}{rest}")
        if len(found) > 1:
            packages = " and ".join(_package(entry) for entry in found)
            raise _problem(name, f"offered by packages {packages}; uninstall all but one")
        return found[0]

    def _like(self, name: str) -> str:
        """Return the question which of the names is meant, as by `bme`; "" if none is like it."""
        small = name.casefold().strip()
        longer = [one for one in self.names if small and one.startswith(small)]
        if len(longer) > 1:
            return f"did you mean one of {', '.join(longer)}? "
        return nearest(name, self.names, ALIKE)


def _problem(name: str, what: str) -> ConfigError:
    return ConfigError((f"driver = {shown(name)}: {what}",))


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
