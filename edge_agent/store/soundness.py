"""Whether a database is what was written: asked once after each boot, and of every error.

A disk that loses what it said it had stored leaves pages of different ages. SQLite notices a page
that cannot be; that a row cannot be, or that a cursor is ahead of the log, is for us to see.
"""

import sqlite3

SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB = 5, 6, 10, 11, 26
DAMAGE = (SQLITE_CORRUPT, SQLITE_NOTADB)
LOCKS = (SQLITE_BUSY, SQLITE_LOCKED)
PASSING = (*LOCKS, SQLITE_IOERR)
SOUND = """
typeof(time) = 'integer' AND typeof(boot) IN ('integer', 'null')
AND typeof(uptime) IN ('integer', 'null') AND typeof(kind) = 'text' AND typeof(source) = 'text'
AND typeof(data) = 'text' AND json_valid(data)
"""
SOUND_STATE = "typeof(name) = 'text' AND typeof(data) = 'text' AND json_valid(data)"
CHECKS = {
    "the log has no id": "SELECT NOT EXISTS (SELECT 1 FROM log WHERE typeof(id) = 'text')",
    "an event cannot be read": f"SELECT EXISTS (SELECT 1 FROM event WHERE NOT ({SOUND}))",  # noqa: S608
    "a saved state cannot be read": (
        f"SELECT EXISTS (SELECT 1 FROM saved_state WHERE NOT ({SOUND_STATE}))"  # noqa: S608
    ),
    "the log ends before a cursor or an event": """
SELECT max(coalesce((SELECT max("offset") FROM event), 0),
           coalesce((SELECT max("offset") FROM account), 0))
    > (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event')
""",
}


def is_damage(error: BaseException | None) -> bool:
    """Return whether SQLite calls the file damaged; a full disk, a lock or a read error is not."""
    return _code(error) in DAMAGE


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
        raise _damage(found)
    for what, question in CHECKS.items():
        if connection.execute(question).fetchone()[0]:
            raise _damage(what)


def _damage(what: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = SQLITE_CORRUPT
    return error
