"""The event log's database: its owner, its version, and whether it is intact."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning
from edge_agent.store.log_connection import LogConnection
from edge_agent.store.migrations import STEPS as KNOWN

CHECK_SECONDS = 5.0  # a large log on an SD card takes minutes: check as much as fits
STEPS = 10_000  # SQLite instructions between two looks at the clock
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
SALVAGE = (
    "`sudo reboot`: the agent checks the log after each boot; it sets a damaged one aside, and"
    " continues in a new one with everything that can be read"
)
ADVICE = {
    "log-other-owner": "`sudo chown edge-agent:` of the log's files",
    "log-newer": "install the newer version again, or start a new log",
    "log-damaged": "reboot: the agent then sets the log aside, and saves what can be read",
    "log-not-seen": "run the doctor with `sudo`",
}


def check_owner(case: Case) -> Iterator[Finding]:
    """Check that the database and its companion files belong to the service's user."""
    log = case.log()
    if not case.user.service:
        return
    for path in sorted(log.parent.glob(log.name + "*")):
        if case.probes.stat(path).st_uid != case.user.uid:
            what = f"it does not belong to user {case.user.name}: another user has run the agent"
            remedy = f"`sudo chown {case.user.name}: {log}*`"
            yield problem("log-other-owner", str(path), what, remedy)
            return


def check_database(case: Case) -> Iterator[Finding]:
    """Find damage, as far as a few seconds go, and a version that is too new to read."""
    log = case.log()
    if not log.exists():
        return
    log.open("rb").close()  # SQLite reports a missing permission as damage
    try:
        version, damage = _examine(log)
    except sqlite3.DatabaseError as error:
        yield _failed(case, log, error)
        return
    newer = _newer(log, version)
    if newer is not None:
        yield newer
    elif damage:
        yield problem("log-damaged", str(log), damage, SALVAGE)


def _failed(case: Case, log: Path, error: sqlite3.DatabaseError) -> Finding:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE:
        return problem("log-damaged", str(log), str(error), SALVAGE)
    remedy = f"try again with `sudo edge-agent doctor {case.file}`"
    return warning("log-not-seen", str(log), f"cannot be opened: {error}", remedy)


def _newer(log: Path, version: int) -> Finding | None:
    if version <= len(KNOWN):
        return None
    what = f"a newer edge-agent wrote it (version {version}; this one reads up to {len(KNOWN)})"
    remedy = f"install that version again; or start a new log: `sudo mv {log} {log}.newer`"
    return problem("log-newer", str(log), what, remedy)


def _examine(path: Path) -> tuple[int, str]:
    """Return the database's version, and what is damaged; take a few seconds at most."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, factory=LogConnection)) as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        deadline = time.monotonic() + CHECK_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            answer = "ok"
    return version, "" if answer == "ok" else str(answer)


CHECKS = (check_owner, check_database)
