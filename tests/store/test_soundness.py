import json
import os
import sqlite3
from contextlib import closing

import pytest

from edge_agent.events import CursorMove, Subscription
from edge_agent.store.event_log import EventLog
from edge_agent.store.mark import MarkFile
from edge_agent.store.reader import LogReader
from edge_agent.store.salvage import HOLE
from edge_agent.store.soundness import is_damage
from tests.store.checked import open_checked


@pytest.fixture
def filled(path, clock, event):
    """A log of 50 events, 40 of them delivered."""
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
        log.append([event(n) for n in range(50)])
        log.account.move(CursorMove("mqtt", 40, {}))
        log.save_state("rule hot", "{}")
    log.close()
    return log.id


def spoil(path, sql):
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(sql)
        database.commit()


def reopened(path, clock, boot):
    clock.boot = boot
    open_checked(path, clock).close()
    return LogReader(path)


def notes(reader):
    events = [json.loads(event.data) for event in reader.read_after(0, 1000)]
    return [data for data in events if "what" in data or "reason" in data]


@pytest.mark.parametrize(
    "sql",
    [
        """UPDATE event SET data = '{"n": 1' WHERE "offset" = 45""",
        """UPDATE event SET time = 'noon' WHERE "offset" = 45""",
        """UPDATE event SET kind = x'00' WHERE "offset" = 45""",
        """UPDATE event SET data = '5' WHERE "offset" = 45""",
        """UPDATE event SET time = 1 << 62 WHERE "offset" = 45""",
        """UPDATE event SET boot = 1 WHERE "offset" = 45""",
        """UPDATE event SET source = '#' WHERE "offset" = 45""",
    ],
)
def test_an_event_that_nobody_can_read_is_left_out_and_told_after_a_boot(path, clock, filled, sql):
    spoil(path, sql)
    reader = reopened(path, clock, "the next boot")
    gap, note = notes(reader)
    assert reader.id == filled
    assert gap["count"] == 1
    assert gap["ranges"][0] == [45, 45]
    assert note["rows"] == 49
    reader.close()


def test_a_saved_state_that_cannot_be_read_is_left_out(path, clock, filled):
    spoil(path, "UPDATE saved_state SET data = '{'")
    with closing(reopened(path, clock, "the next boot")) as reader:
        assert reader.saved_states() == {}
        assert notes(reader)[-1]["what"] == "log_salvaged"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE account SET delivered = 'x'",
        "UPDATE account SET start = -1",
        "UPDATE account SET kinds = '['",
        "INSERT INTO loss VALUES ('mqtt', 'eaten', 'x', 1)",
        "INSERT INTO loss VALUES ('mqtt', 'refused', 'x', 'x')",
        "INSERT INTO boot VALUES (9, x'00')",
        "UPDATE log SET id = '../../etc/x'",
        "UPDATE log SET id = 'a' || char(0)",
        "INSERT INTO log VALUES (x'00')",
        "UPDATE sqlite_sequence SET seq = 'x'",
        "UPDATE sqlite_sequence SET seq = (1 << 62)",
    ],
)
def test_after_a_boot_no_row_is_used_that_was_not_written_by_an_agent(path, clock, filled, sql):
    spoil(path, sql)
    with closing(reopened(path, clock, "the next boot")) as reader:
        assert notes(reader)[-1]["what"] == "log_salvaged"
        assert reader.id == filled
        assert len(reader.read_after(0, 1000)) == 52
        assert reader.stats().recorded < 3 * HOLE


def test_a_row_that_cannot_be_read_while_the_agent_runs_counts_as_damage(path, filled):
    with closing(LogReader(path)) as reader:
        spoil(path, """UPDATE event SET time = 'noon' WHERE "offset" = 45""")
        with pytest.raises(sqlite3.DatabaseError, match="an event cannot be read") as caught:
            reader.read_after(0, 1000)
    assert is_damage(caught.value)


@pytest.mark.parametrize("table", ["log", "saved_state", "loss"])
def test_a_schema_with_bytes_that_are_no_text_counts_as_damage(path, clock, filled, table):
    sql = f"UPDATE sqlite_schema SET name = CAST(x'c4c4' AS TEXT) WHERE name = '{table}'"
    spoil(path, sql)
    with closing(reopened(path, clock, "the next boot")) as reader:
        assert notes(reader)[-1]["what"] == "log_salvaged"


@pytest.mark.parametrize("seq", [30, 45])
def test_offsets_that_a_cursor_or_an_event_has_are_not_given_again(path, clock, filled, seq):
    spoil(path, f"UPDATE sqlite_sequence SET seq = {seq} WHERE name = 'event'")
    with closing(reopened(path, clock, "the next boot")) as reader:
        assert reader.last_offset() > 50 + HOLE


def test_a_cursor_beyond_the_log_tells_how_far_the_log_went(path, clock, filled):
    spoil(path, 'UPDATE account SET "offset" = 70')
    with closing(reopened(path, clock, "the next boot")) as reader:
        gap, _ = notes(reader)
        [[first, last]] = gap["ranges"]
        assert (first, last >= 70 + HOLE) == (71, True)
        assert reader.cursor("mqtt") == 70
        assert reader.last_offset() > 70 + HOLE


def test_the_whole_log_is_read_once_in_a_boot(path, clock, filled):
    reopened(path, clock, clock.boot).close()
    spoil(path, """UPDATE event SET data = '{"n": 1' WHERE "offset" = 45""")
    reopened(path, clock, clock.boot).close()
    assert not (path.parent / "events.db.damaged-1").exists()
    reopened(path, clock, "the next boot").close()
    reopened(path, clock, "the next boot").close()
    assert (path.parent / "events.db.damaged-1").exists()
    assert not (path.parent / "events.db.damaged-2").exists()


def test_a_full_disk_does_not_keep_the_log_closed(path):
    full = path.with_name("full")
    full.symlink_to("/dev/full")
    mark = MarkFile(path, os.open(full, os.O_RDWR))
    mark.note(boot="this boot")
    assert mark.value.boot == ""
    with pytest.raises(OSError, match="No space"):
        mark.reserve(1)
    mark.close()
