"""Which events a stretch of the log has, given as offsets or times, and what it has lost."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from edge_agent.errors import ConfigError
from edge_agent.instants import micros_of, unix_time
from edge_agent.store.history import HistoryReader

DIGITS = 16


class Stretch(NamedTuple):
    """The events behind the offset `after` and up to `upto`."""

    after: int
    upto: int

    def __str__(self) -> str:
        return f"offsets {self.after + 1:,} to {self.upto:,}"


def stretch_of(history: HistoryReader, since: str, until: str, now: int) -> Stretch:
    """Return what two texts mean, at a time in µs; raise ConfigError for other texts.

    An offset belongs to the stretch, at both ends; a time is its first or the first one behind it.
    """
    last = history.last_offset()
    begin, end = _parsed("--since", since, now, last), _parsed("--until", until, now, last)
    if until and begin > end and since.isdecimal() == until.isdecimal():
        raise ConfigError((f"--since {since} is after --until {until}: swap them",))
    after = begin - 1 if since.isdecimal() else history.offset_at(begin)
    if until:
        last = min(last, end if until.isdecimal() else history.last_before(end))
    return Stretch(max(after, 0), last)


def _parsed(option: str, text: str, now: int, last: int) -> int:
    """Return an offset, or a time in µs since 1970; `last` is the log's last offset."""
    if not text or text.isdecimal():
        if len(text) > DIGITS:
            raise ConfigError((f"{option} {text[:40]}: no offset has more than {DIGITS} digits",))
        if int(text or 0) > last and (remedy := unix_time(text)):
            what = f"the last offset of the log is {last:,}; {remedy}"
            raise ConfigError((f"{option} {text}: {what}",))
        return int(text or 0)
    try:
        return micros_of(text, now)
    except ValueError as error:
        what = str(error).replace("write ", "write an offset, such as 1200, ", 1)
        raise ConfigError((f"{option} {text}: {what}",)) from None


def losses(history: HistoryReader, stretch: Stretch, since: str) -> Iterator[str]:
    """Yield what a user who asks for a stretch should know of events that are not there."""
    found = history.first()
    if found is None:
        return
    first, time = found
    if first > stretch.after + 1 and stretch.upto > stretch.after:
        missing = Stretch(stretch.after, min(first - 1, stretch.upto))
        yield f"{missing} are not in the log any more"
    elif first > 1 and not since.isdecimal() and first == stretch.after + 1:
        begin = datetime.fromtimestamp(time / 1e6).astimezone().isoformat(" ", "seconds")
        yield f"the log begins with offset {first:,}, of {begin}: it has nothing older"
    start = max(stretch.after, first - 1)
    holes = stretch.upto - start - history.count(start, stretch.upto)
    if holes > 0:
        yield (
            f"{holes:,} offsets in between have no event any more: it was dropped or became part of"
            " an aggregate; the `gap` events of the log say which and why"
        )
