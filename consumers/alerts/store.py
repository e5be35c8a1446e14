"""What must survive: alerts, nodes, silences, notifications and progress, in one SQLite file.

One process writes the alerts; `ack`, `silence` and `forget` of other processes add requests.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import msgspec

from consumers.alerts.nodes import NodeState
from consumers.alerts.records import AlertKey
from consumers.alerts.silence import AlertSilence
from consumers.alerts.transition import AlertRecord, Transition
from consumers.inbox.sqlite_progress import SqliteProgress
from edge_agent.errors import AgentError

FILE = "alerts.db"
VERSION = 1
HISTORY = 1000  # transitions that are kept to be looked at
WAITING = 10_000  # notifications of one target
SCHEMA = """
CREATE TABLE alert (rule TEXT, node TEXT, record TEXT, PRIMARY KEY (rule, node)) WITHOUT ROWID;
CREATE TABLE node (name TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID;
CREATE TABLE silence (
    rule TEXT, node TEXT, until INTEGER, by TEXT, PRIMARY KEY (rule, node)
) WITHOUT ROWID;
CREATE TABLE request (number INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, rule TEXT, node TEXT);
CREATE TABLE history (number INTEGER PRIMARY KEY AUTOINCREMENT, transition TEXT);
CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT, transition TEXT);
CREATE INDEX outbox_by_target ON outbox (target, number);
CREATE TABLE unseen (reason TEXT PRIMARY KEY, total INTEGER) WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


class AlertRequest(NamedTuple):
    """What a user wants of the running alert system: `ack` or `forget`."""

    what: str
    rule: str
    node: str


class AlertStore:
    """The file; `transaction` makes what is saved within it one."""

    def __init__(self, progress: SqliteProgress) -> None:
        """`progress` has the file open; raise AgentError if it is of another version."""
        self._progress = progress
        self._db = progress.database
        self._create()

    def transaction(self) -> AbstractContextManager[object]:
        """Save all that is saved within the block, and the progress, or nothing."""
        return self._progress.transaction()

    def records(self) -> dict[AlertKey, AlertRecord]:
        """Return the alerts."""
        rows = self._db.execute("SELECT rule, node, record FROM alert")
        return {
            (rule, node): msgspec.json.decode(record, type=AlertRecord)
            for rule, node, record in rows
        }

    def save_record(self, key: AlertKey, record: AlertRecord | None) -> None:
        """Save an alert; None removes it."""
        if record is None:
            self._db.execute("DELETE FROM alert WHERE rule = ? AND node = ?", key)
        else:
            text = msgspec.json.encode(record).decode()
            self._db.execute("INSERT OR REPLACE INTO alert VALUES (?, ?, ?)", (*key, text))

    def nodes(self) -> dict[str, NodeState]:
        """Return what is known of each node."""
        rows = self._db.execute("SELECT name, state FROM node")
        return {name: msgspec.json.decode(state, type=NodeState) for name, state in rows}

    def save_nodes(self, states: Mapping[str, NodeState]) -> None:
        """Save what is known of nodes."""
        rows = [(name, msgspec.json.encode(state).decode()) for name, state in states.items()]
        self._db.executemany("INSERT OR REPLACE INTO node VALUES (?, ?)", rows)

    def forget_node(self, name: str) -> None:
        """Remove a node."""
        self._db.execute("DELETE FROM node WHERE name = ?", (name,))

    def silences(self, now: int) -> list[AlertSilence]:
        """Return the silences that have not ended."""
        found = self._db.execute(
            "SELECT rule, node, until, by FROM silence WHERE until > ?", (now,)
        )
        return [AlertSilence(*row) for row in found]

    def add_silence(self, silence: AlertSilence, now: int) -> None:
        """Add a silence, in place of one for the same rules and nodes."""
        with self.transaction():
            self._db.execute("DELETE FROM silence WHERE until <= ?", (now,))
            row = (silence.rule, silence.node, silence.until, silence.by)
            self._db.execute("INSERT OR REPLACE INTO silence VALUES (?, ?, ?, ?)", row)

    def ask(self, request: AlertRequest) -> None:
        """Leave a request for the process that evaluates."""
        self._db.execute("INSERT INTO request (what, rule, node) VALUES (?, ?, ?)", request)

    def take_requests(self) -> list[AlertRequest]:
        """Return the requests, and remove them."""
        rows = self._db.execute("SELECT what, rule, node FROM request ORDER BY number").fetchall()
        if rows:
            self._db.execute("DELETE FROM request")
        return [AlertRequest(*row) for row in rows]

    def add_history(self, transitions: Iterable[Transition]) -> None:
        """Keep transitions; the oldest are forgotten."""
        rows = [(msgspec.json.encode(one).decode(),) for one in transitions]
        self._db.executemany("INSERT INTO history (transition) VALUES (?)", rows)
        self._db.execute(
            "DELETE FROM history WHERE number <= (SELECT max(number) FROM history) - ?", (HISTORY,)
        )

    def history(self, count: int) -> list[Transition]:
        """Return the latest transitions, the oldest first."""
        rows = self._db.execute(
            "SELECT transition FROM history ORDER BY number DESC LIMIT ?", (count,)
        ).fetchall()
        return [msgspec.json.decode(text, type=Transition) for (text,) in reversed(rows)]

    def add_outgoing(self, target: str, transition: Transition) -> int:
        """Keep a notification until it is sent; return how many old ones had to go for it."""
        text = msgspec.json.encode(transition).decode()
        self._db.execute("INSERT INTO outbox (target, transition) VALUES (?, ?)", (target, text))
        kept = "SELECT number FROM outbox WHERE target = ? ORDER BY number DESC LIMIT ?"
        return self._db.execute(
            f"DELETE FROM outbox WHERE target = ? AND number NOT IN ({kept})",  # noqa: S608
            (target, target, WAITING),
        ).rowcount

    def outgoing(self, target: str, count: int) -> dict[int, Transition]:
        """Return the oldest notifications that wait for a target, by number."""
        rows = self._db.execute(
            "SELECT number, transition FROM outbox WHERE target = ? ORDER BY number LIMIT ?",
            (target, count),
        )
        return {number: msgspec.json.decode(text, type=Transition) for number, text in rows}

    def remove_outgoing(self, numbers: Sequence[int]) -> None:
        """Forget notifications that were sent."""
        self._db.executemany("DELETE FROM outbox WHERE number = ?", [(one,) for one in numbers])

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Count readings that no rule has seen, by reason."""
        self._db.executemany(
            "INSERT INTO unseen VALUES (?, ?)"
            " ON CONFLICT (reason) DO UPDATE SET total = total + excluded.total",
            counts.items(),
        )

    def counts(self) -> dict[str, int]:
        """Return how many readings no rule has seen, by reason."""
        return dict(self._db.execute("SELECT reason, total FROM unseen"))

    def setting(self, name: str, default: str) -> str:
        """Return a setting that stays the same from its first use on."""
        self._db.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (name, default))
        row = self._db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return str(row[0])

    def note_disconnection(self, since: int | None) -> None:
        """Save since when the source is not connected; None if it is."""
        row = ("disconnected", "" if since is None else str(since))
        self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)

    def disconnected_since(self) -> int | None:
        """Return since when the source is not connected; None if it is."""
        query = "SELECT value FROM setting WHERE name = 'disconnected' AND value != ''"
        row = self._db.execute(query).fetchone()
        return int(row[0]) if row else None

    def _create(self) -> None:
        with self.transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in filter(str.strip, SCHEMA.split(";\n")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                what = f"the state was written by another version ({version})"
                raise AgentError(what, "choose another directory with --state")
