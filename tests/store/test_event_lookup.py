import pytest

from edge_agent.events import gap
from edge_agent.store.event_lookup import EventLookup
from edge_agent.store.tally import BLOCK


@pytest.fixture
def lookup(log, path):
    lookup = EventLookup(path)
    yield lookup
    lookup.close()


@pytest.fixture
def note(log, clock):
    def append(reason):
        with log.transaction():
            return log.append([gap(clock.now(), reason, [(1, 1)], 1)])

    return append


def test_an_event_is_found_by_its_offset_alone(lookup, log, record):
    record(3)
    with log.transaction():
        log.execute('DELETE FROM event WHERE "offset" = 2')
    assert [lookup.find(n) and lookup.find(n).offset for n in (1, 2, 3, 4)] == [1, None, 3, None]


def test_gap_events_are_found_in_whole_blocks_and_behind_them(lookup, record, note):
    first = note("first")
    record(2 * BLOCK)
    last = note("last")
    assert [one.offset for one in lookup.gaps_after(0, 9)] == [first, last]
    assert [one.offset for one in lookup.gaps_after(first, 9)] == [last]
    assert [one.offset for one in lookup.gaps_after(0, 1)] == [first]
    assert lookup.gaps_after(last, 9) == []


def test_the_newest_gap_events_come_first(lookup, record, note):
    first, second = note("first"), note("second")
    record(2 * BLOCK)
    last = note("last")
    assert [one.offset for one in lookup.latest_gaps(9)] == [last, second, first]
    assert [one.offset for one in lookup.latest_gaps(2)] == [last, second]
