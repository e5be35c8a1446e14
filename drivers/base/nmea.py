"""Sentences of GPS receivers (NMEA 0183): lines, checksums and fields."""

import re
from typing import NamedTuple

LONGEST = 200  # characters that may wait for the end of their line: a sentence has 82
LINE = re.compile(rb"\$([A-Z]{2})(GGA|RMC|VTG|GSA),([\x20-\x7e]*)\*([0-9A-Fa-f]{2})\r?")
NUMBER = re.compile(r"-?\d{1,9}(\.\d{0,9})?")
ANGLE = re.compile(r"(\d{1,4})(\d\d(?:\.\d{0,9})?)")
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
