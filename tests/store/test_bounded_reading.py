"""What asks the log a question reads a bounded part of it, however many events it has.

The measure is SQLite's own: how many steps its virtual machine makes.
"""

import json
import sqlite3
from contextlib import closing
from itertools import chain

import pytest

from edge_agent.clock import ManualClock
from edge_agent.events import KINDS, CursorMove, Event, Subscription
from edge_agent.store.connection import connect
from edge_agent.store.event_log import EventLog
from edge_agent.store.history import HistoryReader
from edge_agent.store.oldest import Oldest
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.retention import Retention
from edge_agent.store.tally import BLOCK, count, skip, skip_back
from edge_agent.store.time_repair import TimeRepair
from edge_agent.store.wall_clock import WallClock, last_time

ROWS = 305_000  # one a second
SECOND = 1_000_000  # µs
COUNTED_EVERY = 1000  # steps
AT_MOST = 50 * BLOCK  # steps; to read all rows takes ten times as many
FILL = """
WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ?)
SELECT json_group_array(json_array(value * 1000000, NULL, NULL,
    CASE WHEN value % 100 = 0 THEN 'alert' ELSE 'reading' END,
    'd' || (value % 4), '{"values":{"x":' || value || '}}')) FROM n
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("big") / "events.db"
    log = EventLog.open(path, boot="manual")
    sinks = [Subscription("mqtt"), Subscription("phone", frozenset({"alert"}))]
    with log.transaction():
        log.account.register(sinks, 0)
        ((rows,),) = log.execute(FILL, (ROWS,))
        log.insert([tuple(row) for row in json.loads(rows)])
    log.close()
    return path


class Steps:
    """Counts the steps of a connection."""

    def __init__(self, connection):
        self.steps = 0
        connection.set_progress_handler(self.count, COUNTED_EVERY)

    def count(self):
        self.steps += COUNTED_EVERY
        return 0


@pytest.fixture
def reader(big):
    reader = HistoryReader(big)
    yield reader
    reader.close()


QUESTIONS = {
    "stats": lambda reader: reader.stats(),
    "accounts": lambda reader: reader.accounts(),
    "alerts": lambda reader: reader.latest_alerts(),
    "a counter": lambda reader: reader.latest_values("d1"),
    "a counter without readings": lambda reader: reader.latest_values("none"),
    "where a time begins": lambda reader: reader.offset_at((ROWS - 5) * SECOND),
    "where a time ends": lambda reader: reader.last_before(5 * SECOND),
    "the oldest of a kind that there is not": lambda reader: Oldest(reader._execute).read(
        ("command",), 0, ROWS, 100
    ),
    "events of a kind that there is not": lambda reader: [
        *reader.batches(("command",), 0, ROWS, 100)
    ],
    "the last ones": lambda reader: [*reader.batches_back(("command",), 0, ROWS, 100)],
    "readings of a device that there is not": lambda reader: [
        *reader.batches(("reading",), 0, ROWS, 100, ("none",))
    ],
    "their last ones": lambda reader: [*reader.batches_back(("reading",), 0, ROWS, 100, ("none",))],
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_reads_a_bounded_part_of_a_long_log(reader, ask):
    steps = Steps(reader._connection)
    ask(reader)
    assert steps.steps < AT_MOST


def test_reading_all_rows_would_take_more_steps_than_that(reader):
    steps = Steps(reader._connection)
    reader._execute("SELECT count(*) FROM event WHERE kind = 'reading'", ())
    assert steps.steps > 2 * AT_MOST


def test_a_cursor_that_passes_the_whole_log_reads_a_bounded_part_of_it(big):
    log = EventLog.open(big, boot="manual")
    steps = Steps(log._connection)
    with pytest.raises(KeyboardInterrupt), log.transaction():
        log.account.move(CursorMove("phone", ROWS, {}, frozenset({"alert"})))
        raise KeyboardInterrupt
    assert 0 < steps.steps < AT_MOST
    log.close()


def test_what_the_log_says_of_itself_is_what_its_rows_say(reader):
    stats = reader.stats()
    assert stats.rows == stats.sinks["mqtt"].waiting == ROWS
    assert stats.sinks["phone"].waiting == ROWS // 100
    assert reader.latest_values("d1") == {"x": ROWS - 3}
    assert sorted(reader.latest_alerts()) == ["d0"]
    assert reader.latest_alerts()["d0"].offset == ROWS


def test_a_time_is_found_where_its_events_are(reader):
    assert reader.offset_at((ROWS - 5) * SECOND) == ROWS - 6
    assert reader.offset_at(1 * SECOND) == 0
    assert reader.offset_at((ROWS + 1) * SECOND) == ROWS
    assert reader.last_before(5 * SECOND) == 4
    assert reader.last_before(1 * SECOND) == 0
    assert reader.last_before((ROWS + 9) * SECOND) == ROWS


@pytest.mark.parametrize("trusted", [True, False])
def test_a_start_reads_a_bounded_part_of_a_long_log(big, monkeypatch, trusted):
    opened = []

    def counted(path, progress):
        connection = connect(path, progress)
        opened.append(Steps(connection))
        return connection

    monkeypatch.setattr("edge_agent.store.event_log.connect", counted)
    clock = ManualClock(boot="the next boot")
    clock.trusted = trusted
    with closing(open_log(big, clock)) as log:
        WallClock(last_time(log.execute), 1.0)
        log.account.owned(log.last_offset())
        with log.transaction():
            TimeRepair().step(log, clock.now())
    assert 0 < opened[0].steps < AT_MOST


KINDS_ASKED_FOR = (KINDS, ("reading",), ("alert", "gap"), ("command",))
SPANS = (
    *((0, 2**62), (0, 0), (3, 7), (1, BLOCK), (BLOCK, 2 * BLOCK), (BLOCK - 1, BLOCK + 1)),
    *((5, 3 * BLOCK + 5), (3 * BLOCK, 2**62), (2**62, 2**63 - 1), (9, 1)),
)
PLAIN = """
SELECT count(*) FROM event
WHERE "offset" > ? AND "offset" <= ? AND kind IN (SELECT value FROM json_each(?))
"""


def test_counting_by_blocks_is_counting_by_rows(thinned_out):
    for kinds in KINDS_ASKED_FOR:
        wanted = json.dumps(kinds)
        for after, upto in SPANS:
            ((rows,),) = thinned_out.execute(PLAIN, (after, upto, wanted))
            assert count(thinned_out.execute, wanted, after, upto) == rows


def test_only_what_has_none_of_these_kinds_is_skipped(thinned_out):
    for kinds in KINDS_ASKED_FOR:
        for after, _ in SPANS:
            begin = skip(thinned_out.execute, kinds, after)
            assert begin >= after
            assert thinned_out.execute(PLAIN, (after, begin, json.dumps(kinds))) == [(0,)]
            end = skip_back(thinned_out.execute, kinds, after)
            assert end <= after
            assert thinned_out.execute(PLAIN, (end, after, json.dumps(kinds))) == [(0,)]
    assert skip(thinned_out.execute, ("command",), 0) == 3 * BLOCK
    assert skip_back(thinned_out.execute, ("command",), 3 * BLOCK) == 0


OFFSETS = """
SELECT "offset" FROM event WHERE "offset" > ? AND "offset" <= ?
AND kind IN (SELECT value FROM json_each(?)) AND (? = '[]' OR source = 'd1' OR kind = 'alert')
ORDER BY "offset"
"""


@pytest.mark.parametrize("sources", [(), ("d1",)])
@pytest.mark.parametrize("kinds", [("alert",), ("reading",), ("reading", "alert"), ("command",)])
def test_selected_events_are_found_from_both_ends(reader, kinds, sources):
    for after, upto in [(5, 3 * BLOCK + 5), (BLOCK - 1, BLOCK + 1), (ROWS - 7000, ROWS), (9, 1)]:
        rows = reader._execute(OFFSETS, (after, upto, json.dumps(kinds), json.dumps(sources)))
        wanted = [offset for (offset,) in rows]
        for batches, found in (
            (reader.batches(kinds, after, upto, 100, sources), wanted),
            (reader.batches_back(kinds, after, upto, 100, sources), wanted[::-1]),
        ):
            assert [
                event.offset
                for event in chain.from_iterable(batches)
                if event.kind in kinds
                and (not sources or event.source in sources or event.kind == "alert")
            ] == found


@pytest.fixture
def thinned_out(log, event):
    """Return a log of some blocks, from whose begin and middle events are gone."""
    for _ in range(7):
        with log.transaction():
            log.append([event(n, "alert" if n % 7 == 0 else "reading") for n in range(5000)])
    with log.transaction():
        log.account.move(CursorMove("mqtt", BLOCK + 700, {}))
    policy, now = Retention(10**9, 1_500_000), ManualClock().now()
    while policy.trim(log, now, now.time):
        pass
    assert 0 < count(log.execute, '["reading"]', 0) < 25_000
    return log


def test_a_log_that_is_migrated_is_counted(tmp_path):
    path = tmp_path / "old.db"
    log = EventLog.open(path, boot="manual")
    moment = ManualClock().now()
    with log.transaction():
        log.append([Event("reading", "a", moment, {})] * (BLOCK + 5))
    log.close()
    old = sqlite3.connect(path)
    old.executescript("DROP TABLE tally; DROP TABLE vacant; PRAGMA user_version = 3;")
    old.close()
    EventLog.open(path, boot="manual").close()
    reader = LogReader(path)
    assert reader.stats().rows == BLOCK + 5
    assert reader._execute("SELECT block, kind, source, count FROM tally", ()) == [
        (0, "reading", "a", BLOCK)
    ]
    reader.close()
