"""The event log's files: whatever is in them, the log opens, or one LogError says why not.

An input changes rows, pages, the mark or the spilled events of a small log. After the next start of
the machine, everything that reads the log must be able to read what is left.
"""

import contextlib
import os
import shutil
import sqlite3
import struct
import tempfile
from pathlib import Path

from edge_agent.assembly.evaluation import assemble_evaluation
from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock
from edge_agent.deliver.envelope import Envelope
from edge_agent.errors import LogError
from edge_agent.evaluate.outputs.arbitration import Held
from edge_agent.evaluate.outputs.output_state import OutputState
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.evaluate.saved_state import save_state
from edge_agent.events import KINDS, Alert, CursorMove, Event, Reading, Subscription, Switched, gap
from edge_agent.store.event_log import EventLog
from edge_agent.store.history import HistoryReader
from edge_agent.store.opening import open_log, salvage
from edge_agent.store.spill import Spill, spill
from fuzzing.input import Input

ROOT = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
SOUND, USED = ROOT / "sound", ROOT / "used"
DATABASE, SPILL = "events.db", "spill"
BLUEPRINT = resolve(Path(__file__).parents[3] / "examples/greenhouse.toml")
COLUMNS = {
    "event": ("offset", "time", "boot", "uptime", "kind", "source", "data"),
    "account": ("sink", "kinds", "start", "offset", "delivered", "configured"),
    "loss": ("sink", "fate", "reason", "count"),
    "boot": ("number", "id"),
    "saved_state": ("name", "data"),
    "vacant": ("first", "last", "lost"),
    "log": ("id",),
    "sqlite_sequence": ("seq",),
}
JSON = (
    "{}", "[]", "null", "1", '"x"', "[[]]",
    '{"values": {}}', '{"values": {"a": 1e999}}', "nan", "{",
    '{"values": {"temperature": "x"}, "quality": "good"}', '{"values": null, "quality": 1}',
    '{"state": "firing", "severity": "info", "values": {}}', '{"seconds": "x"}', '{"seconds": []}',
    '{"state": 1, "severity": [], "values": {"a": {}}, "repeat": "x"}',
    '{"count": -1, "ranges": 5}',
    '{"reason": "full", "ranges": [[1, "x"], [5], [9, 2], [1, 9223372036854775807]]}', "[" * 900,
    '{"boot": "manual", "moment": [1, 1, true], "state": {}}', '["mqtt", 5]', '["reading", "gap"]',
    '{"number": 1, "answer": {"id": "x"}}', '{"number": 1, "answer": {"id": []}}', "\ud7ff\0",
)  # fmt: skip
VALUES = (
    *(None, 0, 1, -1, 3, 2**31, 2**62, 2**63 - 1, -(2**63), 0.5, float("inf"), "", "x", b"\xff\0"),
    *("mqtt", "reading", "aggregate", "alert", "gap", "refused", "too_warm", "rule/too_warm"),
    *("output/fan", "command/3", "store/taken", "é" * 300, "dropped", "manual", "later", *JSON),
)


class Relay:
    """An output that does nothing."""

    def apply(self, value: float) -> None:
        """Do nothing."""

    def state(self) -> float:
        """Return off."""
        return 0.0

    def close(self) -> None:
        """Do nothing."""


def _make_sound() -> None:
    """Write a small log with everything that a log can have, closed by the stop of its agent."""
    SOUND.mkdir()
    clock = ManualClock()
    clock.trusted = False
    log = EventLog.open(SOUND / DATABASE, boot=clock.boot)
    moment = clock.now()
    events = [
        Reading("air", moment, {"temperature": 20.0}).event(),
        Event("aggregate", "air", moment, {"seconds": 900, "values": {}}),
        Alert("too_warm", "firing", moment, "warning", {"air.temperature": 30.0}).event(),
        Switched("fan", 1.0, "too_warm", moment).event(),
        Event("command", "set", moment, {"state": "done"}),
        gap(moment, "full", [(1, 1)], 1, log="other"),
    ]
    with log.transaction():
        log.account.register([Subscription("mqtt"), Subscription("file", frozenset(["gap"]))], 0)
        log.append(events * 3)
        log.skip_to(20)
        log.vacant.note([(19, 20)], lost=False)
        log.account.move(CursorMove("mqtt", 4, {2: "too large"}))
        for name, state in (
            ("rule/too_warm", RuleState()),
            ("output/fan", OutputState(Held(1.0, "rule", 5))),
        ):
            log.save_state(name, save_state(name, state, moment, clock.boot).data.decode())
        log.save_state("command/0", '{"number": 0, "answer": {"id": "a", "state": "done"}}')
    (SOUND / SPILL).mkdir()
    spill(log, Spill((SOUND / SPILL,)), events[:2], {}, {"alert": 1})
    log.close()


_make_sound()
FILES = {path.relative_to(SOUND): path.read_bytes()
         for path in sorted(SOUND.rglob("*")) if path.is_file()}  # fmt: skip


def target(data: bytes) -> None:
    """Change a log as the bytes say; start on it, and read everything."""
    source = Input(data)
    shutil.rmtree(USED, ignore_errors=True)
    (USED / SPILL).mkdir(parents=True)
    for name, content in FILES.items():
        (USED / name).write_bytes(content)
    kind = source.number(8)
    if kind < 5:
        _change_rows(source)
    elif kind < 7:
        _change_file(source)
    else:
        _replace_file(source)
    clock = ManualClock(boot="later")
    try:
        log = open_log(USED / DATABASE, clock, Spill((USED / SPILL,)), pause=lambda _: None)
    except LogError as error:
        assert str(error)
        return
    try:
        _read(clock)
    except sqlite3.OperationalError:
        return  # a row that asks for too much memory: the agent waits
    except sqlite3.DatabaseError as error:  # as the agent does, when a part of it reads the log
        assert log.is_damaged(error)
        log.abandon()
        log = salvage(USED / DATABASE, clock, log.inode)
        _read(clock)
    finally:
        log.close()


def _change_rows(source: Input) -> None:
    connection = sqlite3.connect(USED / DATABASE, isolation_level=None)
    if source.number(8) == 7:  # an older version of the schema
        connection.executescript("DROP TABLE IF EXISTS loss; ALTER TABLE account RENAME TO cursor")
        connection.execute(f"PRAGMA user_version = {source.number(4)}")
    with contextlib.suppress(sqlite3.Error):
        for _ in range(1 + source.number(4)):
            _change_row(connection, source)
    connection.close()


def _change_row(connection: sqlite3.Connection, source: Input) -> None:
    table = source.choice(list(COLUMNS))
    columns = COLUMNS[table]
    if source.number(3) == 0 and table != "sqlite_sequence":
        marks = ", ".join("?" * len(columns))
        values = [_value(source) for _ in columns]
        connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)
        return
    where = f"rowid % {source.number(5) + 1} = 0" if table in {"event", "boot"} else "TRUE"
    change = f'UPDATE OR REPLACE {table} SET "{source.choice(columns)}" = ? WHERE {where}'
    connection.execute(change, (_value(source),))


def _value(source: Input) -> object:
    kind = source.number(8)
    if kind == 7:
        return source.text()
    if kind == 6:
        return struct.unpack("<q", source.take(8))[0]
    return source.choice(VALUES)


def _change_file(source: Input) -> None:
    path = _copy(source)
    content = bytearray(path.read_bytes())
    for _ in range(1 + source.number(16)):
        at = source.number(2**32) % (len(content) or 1)
        content[at : at + 4] = source.take(1 + source.number(4))
    path.write_bytes(
        content[: source.number(2**32) % len(content)] if source.number(4) == 3 else content
    )


def _replace_file(source: Input) -> None:
    names = [DATABASE, f"{DATABASE}-wal", f"{DATABASE}.salvage", f"{DATABASE}.salvaged"]
    other = USED / source.choice(names)
    path = other if source.number(2) else _copy(source)
    path.write_bytes(source.rest())


def _copy(source: Input) -> Path:
    return USED / source.choice(list(FILES))


def _read(clock: ManualClock) -> None:
    """Read what the agent and its command line read, as they do."""
    reader = HistoryReader(USED / DATABASE)
    try:
        envelope = Envelope("n", reader.id)
        for event in reader.events_after(-(2**63)):
            envelope.encode(event)
        reader.read_kinds(KINDS, 0, 2**62, 100)
        reader.read_kinds(["alert"], 0, 2**62, 100)
        reader.latest_values("air")
        reader.offset_at(0)
        reader.cursor("mqtt")
        reader.stats().as_dict()
        assemble_evaluation(
            BLUEPRINT,
            reader,
            clock,
            lambda one: GuardedOutput(one.name, Relay(), one.guard),
            lambda *_: None,
        )
    finally:
        reader.close()


SEEDS = [bytes([kind, 0, 3, table, what, column, value, 5]) * 4
         for kind in (0, 5) for table in range(7) for what in (0, 1)
         for column in (0, 4, 6) for value in (0, 20, 40)]  # fmt: skip
SEEDS += [bytes([7, number, 0]) + content for number, content in enumerate(FILES.values())]
SEEDS += [bytes([7, number, 1]) + FILES[Path(DATABASE)] for number in range(4)]
NAME = FILES[Path(DATABASE)].index(b"saved_state")  # in the schema
SEEDS += [b"\5\0\0" + NAME.to_bytes(4) + b"\3\xc4\xc4\xc4\xc4"]
