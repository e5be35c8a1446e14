"""A GPS receiver on a serial line that sends NMEA 0183, as all do unless they are set otherwise.

It sends a group of sentences each second, which carry the time of their fix. What has waited in the
kernel is old: a measurement drops it, and takes the first group that begins after that. GGA and RMC
of a group say the position twice.
"""

from typing import ClassVar, Literal, TypeAlias

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.declared import each_once
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, DriverError, NotReady
from drivers.base.members import KnownTime
from drivers.base.nmea import Group, Groups, Sentence, utc
from drivers.base.serial import SerialPort

Name: TypeAlias = Literal[
    "latitude", "longitude", "altitude", "speed", "course", "satellites", "hdop"
]
CHANNELS = {
    one.name: one
    for one in (
        Channel("latitude", "°", -90, 90, 1e-6),
        Channel("longitude", "°", -180, 180, 1e-6),
        Channel("altitude", "m", -500, 18_000, 0.1, "distance"),
        Channel("speed", "km/h", 0, 1854, 0.01),
        Channel("course", "°", 0, 360, 0.01, "angle"),
        Channel("satellites", "", 1, 99, 1, "count"),
        Channel("hdop", "", 0.01, 50, 0.01, "dilution_of_precision"),
    )
}
KMH = 1.852  # a knot
POLL = 0.1
QUEUED = 4000  # bytes: the kernel keeps 4095, and more than these behind them
DRAINS, POLLS = 40, 35  # looks, for what has waited, and for a group each 1.5 s or sooner
# Of GGA and of RMC, without what is estimated, entered or simulated; before NMEA 2.3, RMC has none
QUALITIES = {"1", "2", "3", "4", "5"}
MODES = {"", "A", "D", "F", "P", "R"}
TOLERANCE = 2e-5  # degrees between GGA and RMC, which may have fewer decimals
SLACK = 0.3  # km/h between RMC and VTG, which may have whole tenths


class NMEA:
    """GPS receiver (NMEA 0183), such as u-blox NEO or MTK: position, speed, satellites, time."""

    bus: ClassVar[BusKind] = "serial"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "reflected or false signals: it then computes a wrong place, and says nothing",
            "a look at `hdop` and `satellites`, and an antenna under the open sky",
        ),
    )
    deadline: ClassVar[float] = 20.0
    channels: tuple[Channel, ...] = tuple(CHANNELS.values())

    def __init__(
        self,
        port: SerialPort,
        *,
        baud: Literal[4800, 9600, 19200, 38400, 57600, 115200] = 9600,
        measure: tuple[Name, ...] = ("latitude", "longitude", "altitude", "speed", "satellites"),
    ) -> None:
        """`baud`: as the receiver sends; a course needs a speed, and has no value at rest."""
        each_once("measure", measure)
        self._port = port
        self._baud = baud
        self._last = ""
        self._known: KnownTime | None = None
        self._age = 0.0  # seconds since the last group began
        self.channels = tuple(CHANNELS[name] for name in measure)

    def setup(self) -> Steps[None]:
        """Listen for a group, with a fix or without."""
        self._port.set_baud(self._baud)
        self._last, self._known = "", None
        yield from self._group()

    def measure(self) -> Steps[Values]:
        """Take a group that is new; raise `NotReady` without a fix."""
        self._known = None
        group = yield from self._group()
        if group["RMC"].time == self._last:
            raise NotReady(self._port.where, "its time stands still", "power-cycle the receiver")
        values = fix(group, self._port.where)
        self._last = group["RMC"].time
        time = utc(group["RMC"])
        self._known = None if time is None else KnownTime(time, self._age)
        return checked(self.channels, values, self._port.where)

    def known_time(self) -> KnownTime | None:
        """Return the time of the last fix; a group arrives up to half a second after its time."""
        return self._known

    def _group(self) -> Steps[Group]:
        """Return the first group that begins after the call."""
        yield from self._drained()
        groups, heard = Groups(), 0
        for _ in range(POLLS):
            yield POLL
            data = self._port.read()
            heard += len(data)
            group = groups.take(data)
            if group is not None:
                self._age = groups.looks * POLL
                return group
        raise self._nothing(heard)

    def _drained(self) -> Steps[None]:
        """Drop what has waited in the kernel since the last measurement."""
        for _ in range(DRAINS):
            if len(self._port.read()) < QUEUED:
                return
            yield POLL

    def _nothing(self, heard: int) -> DriverError:
        where = self._port.where
        if not heard:
            return NotReady(where, "it sends nothing", "check its power, and that its TX is at RX")
        what = f"{heard} bytes, but no GGA and RMC of one moment"
        return BadChecksum(where, what, f"does it send with {self._baud} baud? Set `baud`")


def fix(group: Group, where: str) -> dict[str, float | DriverError]:
    """Return all channels of a group; raise `NotReady` without a fix, `BadChecksum` if in doubt."""
    gga, rmc = group["GGA"], group["RMC"]
    dimensions = group["GSA"].field(2) if "GSA" in group else ""
    measured = gga.field(6) in QUALITIES and rmc.field(12) in MODES
    if rmc.field(2) != "A" or not measured or dimensions == "1":
        raise NotReady(where, "it has no fix", "can its antenna see the sky? A start takes long")
    try:
        place = position(gga, rmc)
        return place | {
            "altitude": _altitude(gga, dimensions, where),
            "speed": speed(rmc, group.get("VTG")),
            "course": _course(rmc, where),
            "satellites": gga.number(7),
            "hdop": gga.number(8),
        }
    except ValueError as error:
        raise BadChecksum(where, f"{error}", "check the cable") from error


def position(gga: Sentence, rmc: Sentence) -> dict[str, float | DriverError]:
    """Return degrees; raise ValueError if the sentences differ."""
    found = (gga.degrees(2), gga.degrees(4))
    again = (rmc.degrees(3), rmc.degrees(5))
    if any(abs(one - other) > TOLERANCE for one, other in zip(found, again, strict=True)):
        raise ValueError(f"GGA and RMC differ: {found} and {again}")
    return {"latitude": found[0], "longitude": found[1]}


def speed(rmc: Sentence, vtg: Sentence | None) -> float:
    """Return km/h; raise ValueError if the sentences differ."""
    kmh = rmc.number(7) * KMH
    if vtg is not None and vtg.field(7) and abs(vtg.number(7) - kmh) > SLACK:
        raise ValueError(f"RMC and VTG differ: {kmh:.2f} and {vtg.number(7):.2f} km/h")
    return kmh


def _altitude(gga: Sentence, dimensions: str, where: str) -> float | DriverError:
    """Return metres above the sea; with three satellites a receiver keeps an old altitude."""
    if dimensions == "3":
        return gga.number(9)
    return NotReady(where, "the altitude is not measured: the fix has two dimensions", "wait")


def _course(rmc: Sentence, where: str) -> float | DriverError:
    return rmc.number(8) if rmc.field(8) else NotReady(where, "no course: it stands still", "move")
