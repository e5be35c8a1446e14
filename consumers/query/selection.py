"""Which readings or windows are wanted, as SQL that every store understands."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

from edge_agent.instants import instant_of

READINGS = "SELECT time, node, device, channel, value FROM readings"
WINDOWS = "SELECT start, node, device, channel, count, min, mean, max, last FROM windows"
Time: TypeAlias = datetime | timedelta | str | None


def instant(value: Time, now: datetime) -> datetime | None:
    """Return a time: of `2h`, before `now`; of `2027-01-15` or `2027-01-15T08:00`, in UTC.

    Raises ValueError.
    """
    if isinstance(value, str):
        return instant_of(value, now, UTC)
    if isinstance(value, timedelta):
        return now - value
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Selection(NamedTuple):
    """What is empty or None is not restricted; `window` is a length, or empty for readings.

    `channel` is one of any device, or `device.channel`.
    """

    channel: str = ""
    node: str = ""
    since: datetime | None = None
    until: datetime | None = None
    window: str = ""

    def sql(self) -> str:
        """Return the query, in order of time."""
        time = "start" if self.window else "time"
        conditions = " AND ".join(self._conditions(time))
        where = f" WHERE {conditions}" if conditions else ""
        return (
            f"{WINDOWS if self.window else READINGS}{where} ORDER BY {time}, node, device, channel"
        )

    def _conditions(self, time: str) -> list[str]:
        device, _, channel = self.channel.rpartition(".")
        equal = {"length": self.window, "node": self.node, "device": device, "channel": channel}
        found = [f"{name} = {_quoted(value)}" for name, value in equal.items() if value]
        if self.since:
            found.append(f"{time} >= {_quoted(self.since.isoformat())}::TIMESTAMPTZ")
        if self.until:
            found.append(f"{time} < {_quoted(self.until.isoformat())}::TIMESTAMPTZ")
        return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
