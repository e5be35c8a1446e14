import pytest

from edge_agent.store import open_block
from edge_agent.store.event_log import EventLog
from edge_agent.store.tally import BLOCK, GROUPS, delete

MOST = BLOCK - 10  # events that leave the first block open
ENTERED = "SELECT block, kind, source, count FROM tally ORDER BY 1, 2, 3"
THERE = f'{GROUPS} WHERE "offset" <= ? GROUP BY 1, 2, 3'


def assert_right(log, blocks=1):
    entered = log.execute(ENTERED)
    assert entered == log.execute(THERE, (blocks * BLOCK,))
    assert entered


@pytest.fixture
def unread(monkeypatch):
    """Forbid to read the events of a block once more."""
    monkeypatch.delattr(open_block, "enter")


@pytest.mark.usefixtures("unread")
def test_a_full_block_is_entered_without_reading_its_events(log, record):
    record(MOST)
    record(5, "alert")
    record(15)
    record(BLOCK, "aggregate")
    assert_right(log, blocks=2)


def test_what_was_rolled_back_is_not_entered(log, record, event):
    record(MOST)
    with pytest.raises(ZeroDivisionError), log.transaction():
        log.append([event(n, "alert") for n in range(5)])
        raise ZeroDivisionError
    record(20)
    assert_right(log)


def test_what_has_left_the_block_is_not_entered(log, record):
    record(MOST)
    with log.transaction():
        delete(log.execute, [1, 7, MOST])
    record(20)
    assert_right(log)


def test_what_another_process_has_inserted_is_entered(log, path, event):
    with log.transaction():
        log.append([event(n) for n in range(MOST)])
    log.close()
    again = EventLog.open(path, boot=log.boot)
    with again.transaction():
        again.append([event(n, "alert") for n in range(20)])
    assert_right(again)
    again.close()


def test_a_block_that_was_skipped_leaves_none_before_it_out(log, record):
    record(MOST)
    with log.transaction():
        log.skip_to(2 * BLOCK - 5)
    record(20)
    assert_right(log, blocks=2)


def test_several_blocks_may_fill_up_at_once(log, record):
    record(7)
    record(3 * BLOCK)
    assert_right(log, blocks=3)
