"""Rows into the table of events, many in one statement.

Python's sqlite3 gives the interpreter away at every statement, and at every row that it gets; with
a busy thread beside it, each time costs up to 5 ms.
"""

import sqlite3
from collections.abc import Sequence
from itertools import chain

import msgspec

ROWS = 100  # in one statement: 600 parameters, of the 999 that every SQLite takes
INSERT = "INSERT INTO event (time, boot, uptime, kind, source, data) "
HUNDRED = INSERT + "VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?)"] * ROWS)
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
        values = [*chain.from_iterable(rows[start : start + ROWS])]
        connection.execute(HUNDRED, values)
    if whole < len(rows):
        connection.execute(REST, (msgspec.json.encode(rows[whole:]).decode(),))
