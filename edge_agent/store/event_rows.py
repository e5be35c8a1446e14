"""Rows of the log as events: SQLite hands them over as one JSON text.

Python's sqlite3 gives the interpreter away at every row, as `insertion` says.
"""

from typing import Any

import msgspec

from edge_agent.events import LoggedEvent
from edge_agent.store.soundness import damage
from edge_agent.store.tally import Execute

AS_JSON = 'SELECT json_group_array(json_array("offset", time, boot, uptime, kind, source, data))'
OF_KINDS = """
FROM (
    SELECT * FROM event WHERE "offset" > ? AND "offset" <= ?
    AND kind IN (SELECT value FROM json_each(?)) ORDER BY "offset" LIMIT ?
)
"""
_decoder = msgspec.json.Decoder(list[LoggedEvent])


def read_events(execute: Execute, rows: str, parameters: tuple[Any, ...]) -> list[LoggedEvent]:
    """Return the events of `rows`, a statement from its FROM on; raise `damage` for a bad row."""
    ((text,),) = execute(f"{AS_JSON} {rows}", parameters)
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise damage(f"an event cannot be read: {error}") from error
