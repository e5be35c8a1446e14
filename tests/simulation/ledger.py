"""What was committed, and what each destination got: the audit of a simulated world.

The promise counts from the moment at which a commit has returned. An event is kept if each sink
that wants it has it, still waits for it, or got a gap event that names its offset.
"""

import sqlite3
from collections import defaultdict
from contextlib import suppress
from typing import NamedTuple

import msgspec

from consumers.audit.audit import Audit
from consumers.decode import events_in
from consumers.source import DeadLetter
from edge_agent.store.soundness import SOUND

ROWS = f'SELECT "offset", kind, source, data FROM event WHERE "offset" > ? AND {SOUND}'
CLIENTS = {"edge-sim": "mqtt", "edge-sim-second": "second"}
ARCHIVE = "archive"
NOTE, STARTED = "lifecycle", '{"what":"started"'


class Id(NamedTuple):
    """What never names two contents."""

    log: str
    offset: int


class Received(msgspec.Struct):
    """A CloudEvent, as far as the audit reads it."""

    id: str
    type: str
    subject: str
    data: msgspec.Raw


class Gap(NamedTuple):
    """Offsets that a gap event names, for its reason."""

    log: str
    first: int
    last: int
    reason: str


_many = msgspec.json.Decoder(list[Received])


class Ledger:
    """Takes commits and deliveries in, and notes at once what must never be."""

    def __init__(self, note, now):
        self.problems = []
        self.committed = {}  # content by id
        self.received = defaultdict(dict)  # ids in the order of their first delivery, by sink
        self.gaps = defaultdict(set)  # by sink
        self.deliveries = 0
        self.log = ""  # the id of the one in use
        # What a subscriber finds out from the events alone, where it gets every kind of them.
        self.audits = {name: Audit(late=float("inf"), settle=0.0) for name in ("mqtt", ARCHIVE)}
        self.has_started = False  # in this life, as far as it has committed
        self._seen = 0  # offset, in this life
        self._contents = {}  # by id
        self._note, self._now = note, now

    def problem(self, what):
        if what not in self.problems:
            self.problems.append(what)

    def begin_life(self):
        self._seen, self.has_started = 0, False

    def notes(self, what):
        """Return what the agent has noted of itself."""
        found = [msgspec.json.decode(one[2]) for one in self.committed.values() if one[0] == NOTE]
        return [data for data in found if data["what"] == what]

    def commit(self, connection):
        """Note what a commit has added; the agent's own connection is asked."""
        rows = []
        with suppress(sqlite3.DatabaseError):  # damaged: what is salvaged is seen later
            rows = connection.plain(ROWS, (self._seen,))
        if rows:
            self.log = connection.plain("SELECT id FROM log")[0][0]
        for offset, *content in rows:
            self._seen = max(self._seen, offset)
            is_new = Id(self.log, offset) not in self.committed
            self.has_started = self.has_started or (is_new and STARTED in content[2])
            known = self.committed.setdefault(Id(self.log, offset), tuple(content))
            if known != tuple(content):
                self.problem(f"offset {offset} was committed with two contents")

    def take(self, broker, client_id, topic, payload):
        """Note what a broker hands to its subscribers."""
        if "/event/" in topic:
            self.deliver(broker.address, CLIENTS[client_id], b"[" + payload + b"]")
        elif topic.endswith("/batch"):
            self.deliver(broker.address, CLIENTS[client_id], payload)

    def take_lines(self, lines):
        """Note what is in the file sink's file."""
        self.deliver(ARCHIVE, ARCHIVE, b"[" + b",".join(lines) + b"]")

    def deliver(self, where, sink, payload):
        """Note a JSON array of events."""
        if sink in self.audits:
            for event in events_in(payload):
                self._audit(self.audits[sink], event)
        for event in _many.decode(payload):
            self.deliveries += 1
            log, _, offset = event.id.partition(":")
            one = Id(log, int(offset))
            content = (event.type, event.subject, bytes(event.data))
            self._note(f"{where} {sink} {offset} {content}")
            known = self._contents.setdefault(one, content)
            if known != content and event.type != "edge.gap.v1":  # a gap's ranges may be widened
                self.problem(f"id {one.log}:{one.offset} was given to two contents")
            self.received[sink].setdefault(one)
            if event.type == "edge.gap.v1":
                self.gaps[sink].update(_gaps(log, msgspec.json.decode(event.data)))

    def _audit(self, audit, event):
        """Hand an event to an audit; one that breaks its contract is found there as well."""
        if isinstance(event, DeadLetter):
            audit.take_dead_letter(event, self._now())
        else:
            audit.take(event.decoded, self._now())


def _gaps(log, data):
    for first, last in data["ranges"]:
        yield Gap(data.get("log", log), first, last, data["reason"])
