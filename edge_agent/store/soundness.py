"""Whether a database is what was written: asked once in each boot, and of every error.

A disk that loses what it said it had stored leaves pages of different ages. SQLite notices a page
that cannot be; that a row cannot be, or that a cursor is ahead of the log, is for us to see.
"""

import sqlite3
from collections.abc import Mapping

from edge_agent.events import LATEST

SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB = 5, 6, 10, 11, 26
DAMAGE = (SQLITE_CORRUPT, SQLITE_NOTADB)
NO_TEXTS = ("Could not decode to UTF-8", "malformed JSON")  # they have no code of their own
LOCKS = (SQLITE_BUSY, SQLITE_LOCKED)
PASSING = (*LOCKS, SQLITE_IOERR)
LARGEST = 2**53 - 1  # of offsets and counts: what readers of JSON can tell from its neighbours
SOUND = f"""
"offset" BETWEEN 1 AND {LARGEST} AND typeof(time) = 'integer' AND time BETWEEN 0 AND {LATEST}
AND typeof(boot) IN ('integer', 'null') AND typeof(uptime) = typeof(boot)
AND typeof(kind) = 'text' AND typeof(source) = 'text' AND instr(kind || source, char(0)) = 0
AND kind || source NOT GLOB '*[+#]*'  -- no wildcard in a topic
AND typeof(data) = 'text' AND json_valid(data) AND substr(ltrim(data), 1, 1) = '{{'
"""
SOUND_ACCOUNT = f"""
typeof(sink) = 'text' AND typeof(kinds) = 'text' AND json_valid(kinds)
AND typeof(start) = 'integer' AND start BETWEEN 0 AND {LARGEST}
AND typeof("offset") = 'integer' AND "offset" BETWEEN 0 AND {LARGEST}
AND typeof(delivered) = 'integer' AND delivered BETWEEN 0 AND {LARGEST}
"""
SOUND_LOSS = f"""
typeof(sink) = 'text' AND fate IN ('refused', 'dropped') AND typeof(reason) = 'text'
AND typeof(count) = 'integer' AND count BETWEEN 0 AND {LARGEST}
"""
SOUND_TALLY = f"typeof(count) = 'integer' AND count BETWEEN 0 AND {LARGEST}"
SOUND_VACANT = f"""
typeof(first) = 'integer' AND first BETWEEN 1 AND {LARGEST}
AND typeof(last) = 'integer' AND last BETWEEN first AND {LARGEST} AND lost IN (FALSE, TRUE)
"""
SOUND_SEQUENCE = f"typeof(seq) = 'integer' AND seq BETWEEN 0 AND {LARGEST}"
SOUND_ID = """
typeof(id) = 'text' AND id != '' AND id NOT GLOB '*[^A-Za-z0-9_-]*' AND instr(id, char(0)) = 0
"""  # it is part of a file's name
SOUND_BOOT = "typeof(id) = 'text'"
SOUND_STATE = "typeof(name) = 'text' AND typeof(data) = 'text' AND json_valid(data)"
TABLES = {
    "the log has no id": f"SELECT count(*) = 0 OR count(*) > sum({SOUND_ID}) FROM log",  # noqa: S608
    **{
        f"{what} cannot be read": f"SELECT EXISTS (SELECT 1 FROM {table} WHERE NOT ({sound}))"  # noqa: S608
        for what, table, sound in (
            ("an account", "account", SOUND_ACCOUNT),
            ("a loss", "loss", SOUND_LOSS),
            ("a count", "tally", SOUND_TALLY),
            ("a vacant range", "vacant", SOUND_VACANT),
            ("a boot", "boot", SOUND_BOOT),
            ("a saved state", "saved_state", SOUND_STATE),
            ("the last offset", "sqlite_sequence", SOUND_SEQUENCE),
        )
    },
    "the log ends before a cursor or an event": """
SELECT max(coalesce((SELECT max("offset") FROM event), 0),
           coalesce((SELECT max("offset") FROM account), 0))
    > (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event')
""",
}
EVENTS = {
    "an event cannot be read": f"SELECT EXISTS (SELECT 1 FROM event WHERE NOT ({SOUND}))",  # noqa: S608
}


def is_damage(error: BaseException | None) -> bool:
    """Return whether the file is damaged: SQLite says so, or finds a text that was never written.

    A full disk or a lock is no damage. What SQLite says of a disk that cannot be read looks like
    damage: see `second_look`.
    """
    return _code(error) in DAMAGE or is_unwritten_text(error)


def is_unwritten_text(error: BaseException | None) -> bool:
    """Return whether SQLite finds a text that was never written."""
    return str(error).startswith(NO_TEXTS)


def is_passing(error: BaseException | None) -> bool:
    """Return whether a second try may succeed soon: after a lock or an I/O error."""
    return _code(error) in PASSING


def is_locked(error: BaseException | None) -> bool:
    """Return whether another process holds the file."""
    return _code(error) in LOCKS


def _code(error: BaseException | None) -> int:
    # The lowest byte is the primary code, the rest says more (SQLITE_CORRUPT_INDEX …).
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def verify(connection: sqlite3.Connection) -> None:
    """Read everything once; raise sqlite3.DatabaseError, with the code of damage, if it is."""
    found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if found != "ok":
        raise damage(found)
    _ask(connection, TABLES | EVENTS)


def verify_tables(connection: sqlite3.Connection) -> None:
    """Read all but the events, as `verify` does: the time it takes does not depend on them."""
    _ask(connection, TABLES)


def _ask(connection: sqlite3.Connection, checks: Mapping[str, str]) -> None:
    for what, question in checks.items():
        if connection.execute(question).fetchone()[0]:
            raise damage(what)


def damage(what: str) -> sqlite3.DatabaseError:
    """Return an error that says, as SQLite's do, that the file is damaged."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = SQLITE_CORRUPT
    return error
