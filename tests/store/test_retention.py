import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.events import CursorMove, Subscription
from edge_agent.store.group import GATHER
from edge_agent.store.reader import LogReader
from edge_agent.store.retention import SLICE, Retention, ranges


def trimmed(log, clock, **given):
    policy = Retention(**{"keep": 3600, "max_size": 10**9} | given)
    while policy.trim(log, clock.now()):
        pass


def own(log, offset):
    with log.transaction():
        log.account.move(CursorMove("mqtt", offset, {}))


def left(reader, kind=None):
    events = reader.read_after(0, 10**6)
    return [event.offset for event in events if kind in (None, event.kind)]


def test_delivered_history_goes_when_its_time_is_over(log, reader, record, clock):
    record(3)
    clock.advance(1800)
    record(3)
    own(log, 6)
    clock.advance(1801)
    trimmed(log, clock)
    assert left(reader) == [4, 5, 6]


def test_what_waits_never_goes_by_age(log, reader, record, clock):
    record(3)
    own(log, 1)
    clock.advance(10**6)
    trimmed(log, clock)
    assert left(reader) == [2, 3]


def test_nothing_goes_by_age_while_the_clock_is_not_trusted(log, reader, record, clock):
    record(3)
    own(log, 3)
    clock.advance(10**6)
    clock.trusted = False
    trimmed(log, clock)
    assert left(reader) == [1, 2, 3]


def test_the_slowest_sink_decides_what_is_history(log, reader, record, clock):
    record(3)
    own(log, 3)
    with log.transaction():
        log.account.register([Subscription("mqtt"), Subscription("kafka")], 3)
    clock.advance(10**6)
    trimmed(log, clock)
    assert left(reader) == [1, 2, 3]


def test_a_full_log_gives_up_history_before_anything_that_waits(log, reader, record, clock):
    record(3000)
    own(log, 2000)
    trimmed(log, clock, max_size=120_000)
    assert left(reader) == list(range(2001, 3001))
    assert reader.accounts()["mqtt"].dropped == {}


def test_alerts_are_the_last_to_go_and_the_loss_is_reported(log, reader, record, clock):
    record(2000)
    record(2, "alert")
    record(2000)
    trimmed(log, clock, max_size=60_000)
    assert left(reader, "alert") == [2001, 2002]
    assert left(reader, "reading") == []
    reported = json.loads(reader.read_after(4002, 1)[0].data)
    assert reported == {
        "reason": "max_size",
        "count": 4000,
        "ranges": [[1, 2000], [2003, 4002]],
    }


def test_the_file_does_not_grow_far_beyond_its_limit(recording, path, event):
    limit = 400_000
    recording = recording(interval=0, retention=Retention(3600, limit))
    recording.recorder._trim_at = 0
    for _ in range(12):
        recording.put([event(n) for n in range(2000)])
        recording.recorder._trim_at = 0
        recording.after(GATHER)
        recording.after(GATHER)
    assert path.stat().st_size < 2 * limit


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [([], []), ([5], [(5, 5)]), ([1, 2, 3, 7], [(1, 3), (7, 7)]), ([1, 3], [(1, 1), (3, 3)])],
)
def test_offsets_fold_into_ranges(offsets, expected):
    assert ranges(offsets) == expected


@given(st.sets(st.integers(0, 200)))
def test_ranges_hold_exactly_the_offsets_they_were_made_of(offsets):
    folded = ranges(sorted(offsets))
    assert {n for first, last in folded for n in range(first, last + 1)} == offsets
    assert all(one[1] + 1 < two[0] for one, two in pairwise(folded))


def test_a_slice_is_short_enough_to_commit_quickly():
    assert SLICE <= 10_000


def test_a_refusal_and_its_cursor_move_together(recording, path, event):
    recording = recording(interval=0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {1: "no"}))
    recording.stop()
    assert LogReader(path).cursor("mqtt") == 1
    assert LogReader(path).accounts()["mqtt"].refused == {"no": 1}
