import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.clock import ManualClock
from edge_agent.deliver.envelope import OVERHEAD
from edge_agent.events import KINDS, CursorMove, Event, Subscription
from edge_agent.store.account_reports import registered
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from edge_agent.store.retention import SACRIFICE, SLICE, Retention
from edge_agent.store.tick import GATHER


def trimmed(log, clock, **given):
    policy = Retention(**{"keep": 3600, "max_size": 10**9} | given)
    while policy.trim(log, clock.now(), clock.now().time):
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


# ── The order and the bound, for any history ──────────────────────────────────────────────────────

RANK = {kind: rank for rank, kinds in enumerate(SACRIFICE) for kind in kinds}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from(KINDS), st.integers(1, 400)),
        st.tuples(st.just("deliver"), st.none(), st.integers(1, 600)),
    ),
    min_size=5,
    max_size=25,
)


def test_every_kind_has_its_place_in_the_order():
    assert sorted(RANK) == sorted(KINDS)
    assert RANK["alert"] == max(RANK.values())


def rows(log):
    found = log.execute('SELECT "offset", kind FROM event ORDER BY "offset"')
    return dict(found)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_what_waits_goes_in_the_order_of_its_worth_and_never_before_history(
    tmp_path_factory, steps
):
    clock = ManualClock()
    policy = Retention(3600, 60_000)
    log = policy.applied(EventLog.open(tmp_path_factory.mktemp("log") / "a.db", boot="b"))
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
    for what, kind, n in steps:
        with log.transaction():
            if what == "record":
                log.append([Event(kind, "a", clock.now(), {"pad": "x" * 40})] * n)
            else:
                log.account.move(CursorMove("mqtt", log.account.owned(0) + n, {}))
        more = True
        while more:
            before, owned = rows(log), log.account.owned(log.last_offset())
            more = policy.trim(log, clock.now(), clock.now().time)
            check_order(before, rows(log), owned)
        assert not policy.is_full(log)
    log.close()


def check_order(before, after, owned):
    gone = before.keys() - after.keys()
    waiting = {offset for offset in gone if offset > owned}
    if waiting:
        assert not [offset for offset in after if offset <= owned], "history outlived what waits"
        (rank,) = {RANK[before[offset]] for offset in waiting}
        left = [o for o in before.keys() & after.keys() if RANK[before[o]] == rank]
        assert max(waiting) < min(left, default=max(waiting) + 1), "a newer one went first"
        cheaper = [o for o in after.keys() & before.keys() if RANK[before[o]] < rank]
        assert [before[o] for o in cheaper] in ([], ["gap"]), "something of less worth stays"


def test_no_gap_event_takes_more_than_a_kilobyte_and_together_they_name_every_offset(
    log, reader, clock, event
):
    with log.transaction():
        log.append([event(n, ("reading", "alert")[n % 2]) for n in range(9000)])
    waiting = set(left(reader, "reading"))
    gaps = {}
    policy = Retention(3600, 300_000)
    while left(reader, "reading"):
        policy.trim(log, clock.now(), clock.now().time)
        gaps |= {one.offset: one.data for one in reader.read_kinds({"gap"}, 0, 10**9, 9999)}
    data = [json.loads(one) for one in gaps.values()]
    named = [n for one in data for first, last in one["ranges"] for n in range(first, last + 1)]
    assert max(map(len, gaps.values())) < 1000 - OVERHEAD
    assert sorted(named) == sorted(waiting)
    assert sum(one["count"] for one in data) == len(waiting)


def test_what_waits_only_for_sinks_that_do_not_want_it_goes_like_history(
    log, reader, record, clock
):
    with log.transaction():
        log.account.register(
            [Subscription("mqtt"), Subscription("mail", frozenset({"alert"}), "beginning")], 0
        )
    record(1, "alert")
    record(3000)
    own(log, 2501)
    trimmed(log, clock, max_size=120_000)
    assert left(reader) == [1, *range(2502, 3002)]
    assert reader.accounts()["mqtt"].dropped == {}


def test_a_log_of_gap_events_alone_does_not_outgrow_its_limit(log, reader, record, clock):
    record(3000, "gap")
    trimmed(log, clock, max_size=60_000)
    (told,) = reader.read_after(0, 10)
    assert json.loads(told.data)["ranges"] == [[1, 3000]]


@pytest.mark.parametrize("delivers", [False, True])
def test_database_and_write_ahead_log_together_stay_below_the_limit(
    recording, path, event, delivers
):
    limit = 1_000_000
    desk = recording(interval=0, retention=Retention(3600, limit))
    most = 0
    for n in range(120):
        kind = KINDS[n % len(KINDS)]
        desk.put([event(m, kind) for m in range(300)])
        desk.after(GATHER)
        if delivers:
            desk.put(CursorMove("mqtt", desk.announced[-1], {}))
        desk.after(1)
        files = path.parent.glob("events.db*")
        most = max(most, sum(f.stat().st_size for f in files if f.suffix in {".db", ".db-wal"}))
    assert limit / 2 < most < limit


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


def test_a_sink_that_is_named_again_is_sent_a_gap_event_about_what_it_has_missed(
    log, record, reader, clock
):
    phone = Subscription("phone", frozenset({"reading", "gap"}), "beginning")
    with log.transaction():
        registered([Subscription("mqtt"), phone], log, clock.now())
    record(10)
    with log.transaction():
        log.account.move(CursorMove("phone", 4, {}, phone.kinds))
        registered([Subscription("mqtt")], log, clock.now())
    record(5, "alert")
    with log.transaction():
        log.account.move(CursorMove("mqtt", 15, {}))
    clock.advance(3601)
    trimmed(log, clock)
    with log.transaction():
        (event,) = registered([Subscription("mqtt"), phone], log, clock.now())
    expected = {"reason": "not configured", "count": 6, "ranges": [(5, 15)]}
    assert (event.kind, event.data) == ("gap", expected)
    assert reader.accounts()["phone"].dropped == {"not configured": 6}
    with log.transaction():
        assert registered([Subscription("mqtt"), phone], log, clock.now()) == []
