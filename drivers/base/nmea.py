"""Sentences of GPS receivers (NMEA 0183): lines, checksums, fields, and groups of one moment."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

LONGEST = 200  # characters that may wait for the end of their line: a sentence has 82
LINE = re.compile(rb"\$([A-Z]{2})(GGA|RMC|VTG|GSA),([\x20-\x7e]*)\*([0-9A-Fa-f]{2})\r?")
NUMBER = re.compile(r"-?\d{1,9}(\.\d{0,9})?")
ANGLE = re.compile(r"(\d{1,4})(\d\d(?:\.\d{0,9})?)")
DATE = re.compile(r"(\d\d)(\d\d)(\d\d)")
TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\.\d{0,9})?")
CENTURY = 2000  # of the two digits of a year
SIGNS = {"N": 1, "E": 1, "S": -1, "W": -1}


class Sentence(NamedTuple):
    """A sentence whose checksum is right; `fields` are those after its name."""

    kind: str
    fields: tuple[str, ...]

    def field(self, number: int) -> str:
        """Return a field, counted from 1 as manuals do; nothing if the sentence ends before."""
        return self.fields[number - 1] if number <= len(self.fields) else ""

    @property
    def time(self) -> str:
        """The time of day of a GGA or RMC as it is written; VTG and GSA have none."""
        return self.field(1) if self.kind in {"GGA", "RMC"} else ""

    def number(self, at: int) -> float:
        """Return a field; raise ValueError if it is empty or no number."""
        if not NUMBER.fullmatch(self.field(at)):
            raise ValueError(f"field {at} of {self.kind} is {self.field(at)!r}")
        return float(self.field(at))

    def degrees(self, at: int) -> float:
        """Return an angle: 5230.5 and the field behind it, W, is -52.50833; raise ValueError."""
        found = ANGLE.fullmatch(self.field(at))
        sign = SIGNS.get(self.field(at + 1))
        if found is None or sign is None or float(found[2]) >= 60:
            raise ValueError(f"fields {at} and {at + 1} of {self.kind} are no angle")
        return sign * (int(found[1]) + float(found[2]) / 60)


def utc(rmc: Sentence) -> int | None:
    """Return the moment of an RMC in µs since 1970; None without one that calendars have.

    A leap second is none, as Linux has no name for it.
    """
    date, time = DATE.fullmatch(rmc.field(9)), TIME.fullmatch(rmc.field(1))
    if date is None or time is None:
        return None
    day, month, year = map(int, date.groups())
    hour, minute, second = map(int, time.groups()[:3])
    try:
        whole = datetime(CENTURY + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return round((whole.timestamp() + float(f"0{time[4] or '.'}0")) * 1e6)


class Lines:
    """Cuts what arrives where its lines end; what is too long for a sentence is dropped."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> list[bytes]:
        """Return the lines that have ended."""
        *ended, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST]
        return ended


def sentence(line: bytes) -> Sentence | None:
    """Return the sentence of a line; None if it is damaged, or of a kind that is not needed."""
    found = LINE.fullmatch(line)
    if found is None or checksum(line[1 : line.rindex(b"*")]) != int(found[4], 16):
        return None
    return Sentence(found[2].decode(), tuple(found[3].decode().split(",")))


def checksum(text: bytes) -> int:
    """Return the exclusive or of what stands between $ and *."""
    result = 0
    for each in text:
        result ^= each
    return result


class Group(dict[str, Sentence]):
    """The sentences of one moment, by their kinds."""

    @property
    def time(self) -> str:
        """The time of day, as the sentences write it; nothing if none of them has one."""
        return next((one.time for one in self.values() if one.time), "")

    @property
    def complete(self) -> bool:
        """Whether both sentences that say the position are there."""
        return {"GGA", "RMC"} <= self.keys()

    def add(self, one: Sentence) -> None:
        """Add a sentence; of several GSA, one for each system, the one with the best fix counts."""
        known = self.get(one.kind)
        if known is None or one.kind != "GSA" or one.field(2) > known.field(2):
            self[one.kind] = one


class Groups:
    """Divides what arrives into groups: a pause is between two of them, or another time of day.

    The first one has perhaps begun before, and is left out. `looks` counts those since the first
    sentence of the group.
    """

    def __init__(self) -> None:
        self.looks = 0
        self._lines = Lines()
        self._group = Group()
        self._begun = False

    def take(self, data: bytes) -> Group | None:
        """Take what one look has found; return a complete group if it has ended."""
        self.looks += bool(self._group)
        for one in filter(None, map(sentence, self._lines.take(data))):
            if one.time and self._group.time not in {"", one.time}:
                if self._ended():
                    return self._group
                self._begin()
            self._group.add(one)
        if data:
            return None
        if self._ended():
            return self._group
        if not self._begun:
            self._begin()
        return None

    def _ended(self) -> bool:
        return self._begun and self._group.complete

    def _begin(self) -> None:
        self._begun, self._group, self.looks = True, Group(), 0
