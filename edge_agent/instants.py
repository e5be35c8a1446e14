"""Points in time, as people write them."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from edge_agent.units import Duration

FORMS = (
    "how long ago, such as 2h, a time, such as 2027-01-15T08:00, or Unix time, such as @1800000000"
)
AGO = re.compile(r"\d+(\.\d+)?\s*[A-Za-z]+")
UNIX = re.compile(r"@\d+(\.\d+)?")
LATEST_SECONDS = 1e11  # what is beyond it is in milliseconds


def instant_of(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Return a point in time; one without a time zone is in `zone`, or in this machine's.

    Raises ValueError that says what to write.
    """
    plain = text.strip()
    try:
        found = _read(plain, now)
        return found.astimezone(UTC) if found.tzinfo else _local(found, zone)
    except (ValueError, OverflowError, OSError):
        raise ValueError(unix_time(plain) or f"write {FORMS}") from None


def micros_of(text: str, now: int) -> int:
    """Return what `instant_of` does, in µs since 1970, as `now` is."""
    return round(instant_of(text, datetime.fromtimestamp(now / 1e6, UTC)).timestamp() * 1e6)


def _read(text: str, now: datetime) -> datetime:
    if AGO.fullmatch(text):
        return now - timedelta(seconds=Duration.parse(text))
    if UNIX.fullmatch(text) and float(text[1:]) < LATEST_SECONDS:
        return datetime.fromtimestamp(float(text[1:]), UTC)
    if text.isdecimal():  # which Python reads as a date without hyphens
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _local(time: datetime, zone: tzinfo | None) -> datetime:
    return (time.replace(tzinfo=zone) if zone else time.astimezone()).astimezone(UTC)


def unix_time(text: str) -> str:
    """Return what to write instead of a number that seems to be Unix time; "" for another text."""
    number = text.removeprefix("@")
    if number.isdecimal() and len(number) in {10, 13}:  # in seconds, and in milliseconds
        return f"for Unix time write @{number[:10]}, in seconds"
    return ""
