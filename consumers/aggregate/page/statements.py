"""Questions to a store, in SQL that DuckDB and PostgreSQL understand alike.

Names of a series consist of letters, digits, _ and -, so that nothing has to be quoted.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from edge_agent.samples import TimeSpan

CHANNELS = "SELECT DISTINCT node, device, channel FROM series ORDER BY 1, 2, 3 LIMIT 10000"
ABSENCES = 10_000  # readings without a value, in one chart
MARK = (
    "time, kind, node || '/' || subject AS name,"
    " coalesce(data->>'state', data->>'value', '') AS state,"
    " coalesce(data->>'message', data->>'by', '') AS text"
)
AGE = "row_number() OVER (PARTITION BY node, subject ORDER BY time DESC, log_offset DESC) AS age"
OPEN = "age = 1 AND state IN ('firing', 'flapping')"  # the newest of its rule, and not over
NODES = 1000
# What was stored last of each node; a day's windows are few rows, however many readings there are.
HEARD = f"""
SELECT node, max(last) AS last, max(channels) AS channels FROM (
    SELECT node, max(last_time) AS last, count(DISTINCT device || '.' || channel) AS channels
    FROM windows WHERE length = '1d' GROUP BY node
    UNION ALL SELECT node, max(time) AS last, 0 AS channels FROM events GROUP BY node
) AS heard GROUP BY node ORDER BY node LIMIT {NODES}
"""  # noqa: S608
OPEN_ALERTS = f"""
SELECT node, subject, state, severity FROM (
    SELECT node, subject, data->>'state' AS state, data->>'severity' AS severity, {AGE}
    FROM events WHERE kind = 'alert'
) AS alerts WHERE {OPEN} ORDER BY node, subject LIMIT {NODES}
"""  # noqa: S608
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FleetSeries(NamedTuple):
    """A channel of a device of a node."""

    node: str
    device: str
    channel: str


def columns_of_readings(series: FleetSeries, span: TimeSpan, step: int) -> str:
    """Ask for number, first and last time, lowest and highest value of columns of `step` µs."""
    column = f"CAST(floor(extract(epoch FROM time) * 1000000 / {step}) AS BIGINT)"
    return (
        f"SELECT {column} AS number, min(time) AS first, max(time) AS last,"  # noqa: S608
        f" min(value) AS low, max(value) AS high FROM readings"
        f" WHERE {_of(series)} AND {_within('time', span)} GROUP BY 1 ORDER BY 1"
    )


def columns_of_windows(series: FleetSeries, span: TimeSpan, length: str) -> str:
    """Ask for begin, lowest and highest value of the windows of a length."""
    return (
        f"SELECT start, min, max FROM windows WHERE {_of(series)} AND length = '{length}'"  # noqa: S608
        f" AND {_within('start', span)} ORDER BY start"
    )


def readings(series: FleetSeries, span: TimeSpan) -> str:
    """Ask for time and value of each reading."""
    return (
        f"SELECT time, value FROM readings WHERE {_of(series)}"  # noqa: S608
        f" AND {_within('time', span)} ORDER BY time, log_offset"
    )


def absences(series: FleetSeries, span: TimeSpan) -> str:
    """Ask for the times of readings without values."""
    return (
        f"SELECT time FROM events WHERE kind = 'reading' AND node = '{series.node}'"  # noqa: S608
        f" AND subject = '{series.device}' AND data->>'quality' != 'good'"
        f" AND {_within('time', span)} ORDER BY time LIMIT {ABSENCES}"
    )


def marks(span: TimeSpan, count: int) -> str:
    """Ask for the newest alerts and settings of outputs: what HistoryMark has, newest first."""
    return (
        f"SELECT {MARK} FROM events WHERE kind IN ('alert', 'output') AND {_within('time', span)}"  # noqa: S608
        f" ORDER BY time DESC, log_offset DESC LIMIT {count}"
    )


def open_alerts_before(time: int, count: int) -> str:
    """Ask for the alerts that were open at a time in µs, oldest first."""
    return (
        f"SELECT time, kind, name, state, text FROM (SELECT {MARK}, {AGE}"  # noqa: S608
        f" FROM events WHERE kind = 'alert' AND time < '{_instant(time)}'::TIMESTAMPTZ) AS latest"
        f" WHERE {OPEN} ORDER BY time LIMIT {count}"
    )


def _of(series: FleetSeries) -> str:
    node, device, channel = series
    return f"node = '{node}' AND device = '{device}' AND channel = '{channel}'"


def _within(column: str, span: TimeSpan) -> str:
    since, until = (_instant(each) for each in span)
    return f"{column} >= '{since}'::TIMESTAMPTZ AND {column} < '{until}'::TIMESTAMPTZ"


def _instant(time: int) -> str:
    """Return a time in µs since 1970 as text; one beyond the calendar is its end."""
    try:
        return (EPOCH + timedelta(microseconds=time)).isoformat()
    except OverflowError:
        return "9999-12-31T23:59:59+00:00" if time > 0 else EPOCH.isoformat()
