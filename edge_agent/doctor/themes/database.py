"""The event log's database: whose it is, which version wrote it, and whether it is whole."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning

LOOK_SECONDS = 5.0  # a large log on an SD card takes minutes: what was looked at is good
STEPS = 10_000  # SQLite's, between two looks at the clock
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
SALVAGE = (
    "`sudo reboot`: after each start of the machine the agent looks through the log; it sets a"
    " damaged one aside, and goes on in a new one with all that can be read"
)


def check_owner(case: Case) -> Iterator[Finding]:
    """Look whether the database and its companions belong to the service's user."""
    log = case.log()
    if not case.user.service:
        return
    for path in sorted(log.parent.glob(log.name + "*")):
        if case.probes.stat(path).st_uid != case.user.uid:
            what = f"it does not belong to {case.user.name}: another user has run the agent"
            remedy = f"`sudo chown {case.user.name}: {log}*`"
            yield problem("log-other-owner", str(path), what, remedy)
            return


def check_database(case: Case) -> Iterator[Finding]:
    """Look for damage, quickly, and for a version that is not ours to read."""
    from edge_agent.store.migrations import STEPS as KNOWN  # noqa: PLC0415 - sqlite-utils, 2 MB

    log = case.log()
    if not log.exists():
        return
    log.open("rb").close()  # SQLite would not tell a lack of permission from damage
    try:
        version, complaint = _look(log)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE:
            yield problem("log-damaged", str(log), str(error), SALVAGE)
        else:
            remedy = f"look again with `sudo edge-agent doctor {case.file}`"
            yield warning("log-not-seen", str(log), f"cannot be opened: {error}", remedy)
        return
    if version > len(KNOWN):
        what = f"a newer edge-agent wrote it (version {version}; this one knows {len(KNOWN)})"
        remedy = f"install that version again; or `sudo mv {log} {log}.newer`, to begin a new log"
        yield problem("log-newer", str(log), what, remedy)
    elif complaint:
        yield problem("log-damaged", str(log), complaint, SALVAGE)


def _look(path: Path) -> tuple[int, str]:
    """Return the database's version, and what is damaged; look for a few seconds at most."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        deadline = time.monotonic() + LOOK_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            answer = "ok"
    return version, "" if answer == "ok" else str(answer)
