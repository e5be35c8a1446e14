"""A GPS receiver that sends NMEA 0183 each second (u-blox 6 protocol specification, 20 to 26).

A group is RMC, VTG, GGA, GSA and GLL. Linux keeps the oldest 4095 bytes that were not read yet.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from simulators.model import Range
from simulators.serial import SerialModel

KEPT = 4095
FIRST_FIX = 2  # seconds after power-on, if it remembers the satellites
KNOTS = 1 / 1.852
EPOCH = datetime(2026, 11, 28, tzinfo=UTC)  # the moment at which the clock shows 0


class NMEA(SerialModel):
    """A receiver that moves: it has a course."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "latitude": Range(-90, 90, 1e-6),
        "longitude": Range(-180, 180, 1e-6),
        "altitude": Range(-500, 18_000, 0.1),
        "speed": Range(0, 1854, 0.01),
        "course": Range(0, 359.99, 0.01),
        "satellites": Range(4, 24, 1),
        "hdop": Range(0.5, 50, 0.01),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        "latitude": 47.285233,
        "longitude": 8.56527,
        "altitude": 499.6,
        "speed": 4.5,
        "course": 77.52,
        "satellites": 8,
        "hdop": 1.01,
    }

    epoch = EPOCH

    def power_on(self) -> None:
        """Look for satellites first."""
        self._started = self.clock.monotonic()
        self._sent = 0  # groups
        self._seen: dict[str, float] = {}

    def send(self) -> bytes:
        """Return the groups since the last call; those that have waited have old values."""
        due = int((self.clock.monotonic() - self._started) / self.slowness)
        waiting, self._sent = range(self._sent + 1, due + 1), max(self._sent, due)
        old, self._seen = self._seen or dict(self.values), dict(self.values)
        said = [self.group(n, self._seen if n == due else old) for n in waiting[-100:]]
        return b"".join(said)[:KEPT]

    def group(self, second: int, seen: Mapping[str, float]) -> bytes:
        """Return the sentences of a second since power-on, whose fields are empty without a fix."""
        shown = self.epoch + timedelta(seconds=self._started + second * self.slowness)
        moment, date = f"{shown:%H%M%S}.{shown.microsecond // 10_000:02}", f"{shown:%d%m%y}"
        if second < FIRST_FIX:
            bodies = [
                f"GPRMC,{moment},V,,,,,,,{date},,,N",
                "GPVTG,,,,,,,,,N",
                f"GPGGA,{moment},,,,,0,00,99.99,,,,,,",
                "GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99",
            ]
            return b"".join(map(framed, bodies))
        north = angle(seen["latitude"], "NS", 2)
        east = angle(seen["longitude"], "EW", 3)
        knots, course = f"{seen['speed'] * KNOTS:.4f}", f"{seen['course']:.2f}"
        count, hdop = f"{seen['satellites']:.0f}", f"{seen['hdop']:.2f}"
        bodies = [
            f"GPRMC,{moment},A,{north},{east},{knots},{course},{date},,,A",
            f"GPVTG,{course},T,,M,{knots},N,{seen['speed']:.3f},K,A",
            f"GPGGA,{moment},{north},{east},1,{count},{hdop},{seen['altitude']:.1f},M,48.0,M,,",
            f"GPGSA,A,3,23,29,07,08,09,18,26,28,,,,,1.94,{hdop},1.54",
            f"GPGLL,{north},{east},{moment},A,A",
        ]
        return b"".join(map(framed, bodies))


def angle(degrees: float, signs: str, digits: int) -> str:
    """Return 4717.11399,N: degrees, minutes, and the hemisphere."""
    minutes = round(abs(degrees) * 60, 5)
    whole, rest = divmod(minutes, 60)
    return f"{int(whole):0{digits}}{rest:08.5f},{signs[degrees < 0]}"


def framed(body: str) -> bytes:
    """Return a sentence with its checksum."""
    total = 0
    for letter in body.encode():
        total ^= letter
    return f"${body}*{total:02X}\r\n".encode()
