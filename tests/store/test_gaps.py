from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.deliver.envelope import CONTENT_TYPE, OVERHEAD, Envelope
from edge_agent.events import LoggedEvent
from edge_agent.store.gaps import RANGES, Reported, all_of, counted, merged, ranges, report


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


def test_a_report_of_many_ranges_becomes_several_events_whose_counts_add_up(clock):
    lost = list(range(1, 2000, 2))
    events = list(report(clock.now(), "max_size", counted(lost, lost[:900])))
    assert len(events) == -(-1000 // RANGES)
    assert sum(event.data["count"] for event in events) == 900
    assert [one for event in events for one in event.data["ranges"]] == ranges(lost)


def test_the_longest_gap_event_fits_into_a_kilobyte(log, clock):
    far = 10**15
    spans = [(far + 3 * n, far + 3 * n + 1) for n in range(RANGES)]
    (event,) = report(clock.now(), "rejected by " + "x" * 500, all_of(spans), log=log.id)
    with log.transaction():
        log.append([event])
    ((data,),) = log.execute("SELECT data FROM event")
    logged = LoggedEvent(far, 10**15, 10**6, 10**15, "gap", "log", data)
    message = Envelope("n" * 32, log.id).encode(logged)
    topic = f"edge/{'n' * 32}/event/gap/log"
    assert len(data) + OVERHEAD < 1000
    assert len(topic) + len(CONTENT_TYPE) + len(message) < 1000


@pytest.mark.parametrize(
    ("reason", "count", "left_out"),
    [
        ("damaged", 4, [(21, 90)]),
        ("went_back", 1, [(2, 3), (10, 10), (21, 90)]),
        ("went_back", 6, [(23, 90)]),
        ("max_size", 1, []),
    ],
)
def test_what_a_salvage_or_a_lost_commit_leaves_out_is_behind_what_counts(reason, count, left_out):
    assert Reported(reason, count, [(1, 3), (10, 10), (21, 90)]).left_out == left_out


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda s: (s[0], sum(s)))))
def test_merged_ranges_hold_the_same_offsets_once(spans):
    offsets = {n for first, last in spans for n in range(first, last + 1)}
    assert merged(spans) == ranges(sorted(offsets))
