"""Rows into the table of events, many in one statement.

Python's sqlite3 gives the interpreter away at every statement, and at every row that it gets; with
a busy thread beside it, each time costs up to 5 ms. It looks for an adapter of each None that it
binds, which takes as long as to insert a row: rows without `boot` and `uptime` do not bind them.
"""

import sqlite3
from collections.abc import Sequence
from itertools import chain

import msgspec

ROWS = 100  # in one statement: 600 parameters, of the 999 that every SQLite takes
INSERT = "INSERT INTO event (time, boot, uptime, kind, source, data) "
HUNDRED = INSERT + "VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?)"] * ROWS)
HUNDRED_TRUSTED = INSERT + "VALUES " + ", ".join(["(?, NULL, NULL, ?, ?, ?)"] * ROWS)
TRUSTED = (None, None)  # boot and uptime of an event whose time is
# For any number of rows: as one JSON array, which takes longer.
REST = (
    INSERT
    + """
SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?)
"""
)

EventRow = tuple[int, int | None, int | None, str, str, str]


def insert_rows(connection: sqlite3.Connection, rows: Sequence[EventRow]) -> None:
    """Insert the rows in order."""
    whole = len(rows) - len(rows) % ROWS
    for start in range(0, whole, ROWS):
        _insert_hundred(connection, rows[start : start + ROWS])
    if whole < len(rows):
        connection.execute(REST, (msgspec.json.encode(rows[whole:]).decode(),))


def _insert_hundred(connection: sqlite3.Connection, rows: Sequence[EventRow]) -> None:
    if {row[1:3] for row in rows} == {TRUSTED}:
        parts = [(time, kind, source, data) for time, _, _, kind, source, data in rows]
        connection.execute(HUNDRED_TRUSTED, [*chain.from_iterable(parts)])
    else:
        connection.execute(HUNDRED, [*chain.from_iterable(rows)])
