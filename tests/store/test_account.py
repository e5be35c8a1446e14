"""The account of each sink adds up at every moment, whatever happens."""

import sqlite3
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.clock import ManualClock
from edge_agent.events import KINDS, CursorMove, Event, Subscription
from edge_agent.store.account import OTHER, REASONS
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import salvage
from edge_agent.store.reader import LogReader
from edge_agent.store.retention import Retention

SINKS = {
    "mqtt": Subscription("mqtt"),
    "cloud": Subscription("cloud", frozenset({"reading", "gap"}), "now"),
    "phone": Subscription("phone", frozenset({"alert"}), "now"),
}
KIND_SETS = (*(one.kinds for one in SINKS.values()), frozenset({"aggregate", "alert"}))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from(KINDS[:3]), st.integers(1, 300)),
        st.tuples(
            st.sampled_from(["deliver", "refuse", "refuse_beyond"]),
            st.sampled_from([*SINKS]),
            st.integers(1, 400),
        ),
        st.tuples(st.just("want"), st.sampled_from([*SINKS]), st.integers(1, len(KIND_SETS))),
        st.tuples(st.just("deliver_late"), st.sampled_from([*SINKS]), st.integers(1, 400)),
        st.tuples(st.just("reload"), st.sets(st.sampled_from([*SINKS])), st.just(0)),
        st.tuples(st.just("lose"), st.sampled_from(KINDS[:3]), st.integers(1, 50)),
        st.tuples(
            st.sampled_from(["trim", "age", "restart", "salvage"]), st.none(), st.integers(1, 200)
        ),
    ),
    max_size=30,
)


class History:
    """A log whose events are counted by an independent hand: what each sink should account for."""

    def __init__(self, path):
        self.path, self.clock = path, ManualClock()
        self.recorded = Counter()  # by sink
        self.sinks, self.before = dict(SINKS), dict(SINKS)
        self.began, self.configured, self.seen = {}, set(), 0
        self.log = EventLog.open(path, boot="manual")
        self.reload({"mqtt"})

    def step(self, what, which, n):
        getattr(self, what)(*([which] if n == 0 else [n] if which is None else [which, n]))
        self.count_new()

    def record(self, kind, n):
        with self.log.transaction():
            data = {"values": {"x": 1.0}, "pad": "x" * 50}
            self.log.append([Event(kind, "a", self.clock.now(), data)] * n)

    def deliver(self, sink, n):
        self.move(sink, n, lambda offset: False)

    def refuse(self, sink, n):
        self.move(sink, n, lambda offset: offset % 3 == 0)

    def refuse_beyond(self, sink, n):
        """Refuse what lies behind the batch as well: it is not settled, and comes again."""
        self.move(sink, n, lambda offset: offset % 3 == 0, cut=n // 2)

    def deliver_late(self, sink, n):
        """A forwarder with the kinds of before the last reload reports what it did then."""
        self.move(sink, n, lambda offset: False, kinds=self.before[sink].kinds)

    def move(self, sink, n, refuses, *, cut=0, kinds=None):
        """Move over a stretch that overlaps with what was delivered before, as after a kill."""
        kinds = kinds or self.sinks[sink].kinds
        begin = max((self.cursor(sink) or 0) - n // 2, 0)
        with self.reader() as reader:
            batch = reader.read_kinds(kinds, begin, 2**62, n)
        settled = batch[: len(batch) - cut]
        if settled and sink in self.began:
            refused = {event.offset: "no" for event in batch if refuses(event.offset)}
            with self.log.transaction():
                self.log.account.move(CursorMove(sink, settled[-1].offset, refused, kinds))

    def reload(self, names):
        last = self.log.last_offset()
        with self.log.transaction():
            self.log.account.register([self.sinks[name] for name in sorted(names)], last)
        self.configured = names
        for name in names - self.began.keys():
            self.began[name] = last if SINKS[name].start == "now" else 0

    def want(self, sink, n):
        """A reload changes a sink's kinds: from then on what lies behind the cursor is counted."""
        self.count_new()
        wanted = KIND_SETS[n - 1]
        if sink in self.configured:
            waits = [event.kind for event in self.events_after(self.cursor(sink))]
            before, after = (
                sum(kind in kinds for kind in waits) for kinds in (self.sinks[sink].kinds, wanted)
            )
            self.recorded[sink] += after - before
        self.before[sink] = self.sinks[sink]
        if sink in self.configured or sink not in self.began:
            self.sinks[sink] = self.sinks[sink]._replace(kinds=wanted)
        self.reload(self.configured)

    def events_after(self, offset):
        with self.reader() as reader:
            return list(reader.events_after(offset))

    def cursor(self, sink):
        account = self.accounts().get(sink)
        return account.cursor if account else None

    def salvage(self, _n):
        """Set the log aside as if it were damaged: nothing is lost, and the offsets jump."""
        self.log.close()
        self.log = salvage(self.path, self.clock, self.log.inode)

    def lose(self, kind, n):
        with self.log.transaction():
            self.log.account.drop_unrecorded({kind: n}, "disk_full")
        for name in self.configured:
            self.recorded[name] += n if kind in self.sinks[name].kinds else 0

    def trim(self, _n):
        Retention(100, 40_000).trim(self.log, self.clock.now(), self.clock.now().time)

    def fill(self, left):
        """Trim until no more goes from a log without room; see that these kinds have left it."""
        now = self.clock.now()
        while any(event.kind in left for event in self.events_after(0)):
            assert Retention(100, 1).trim(self.log, now, now.time)

    def age(self, n):
        self.clock.advance(n)

    def restart(self, _n):
        self.log.close()
        self.log = EventLog.open(self.path, boot="manual")

    def count_new(self):
        with self.reader() as reader:
            for event in reader.events_after(self.seen):
                self.seen = event.offset
                for name, began in self.began.items():
                    if event.offset > began and event.kind in self.sinks[name].kinds:
                        self.recorded[name] += 1

    def accounts(self):
        with self.reader() as reader:
            return reader.accounts()

    def reader(self):
        return Closing(self.path)


class Closing(LogReader):
    """A reader that closes itself."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_recorded_is_delivered_plus_waiting_plus_refused_plus_dropped(tmp_path_factory, steps):
    history = History(tmp_path_factory.mktemp("log") / "events.db")
    for step in steps:
        history.step(*step)
        accounts = history.accounts()
        assert {name: one.recorded for name, one in accounts.items()} == {
            name: history.recorded[name] for name in history.began
        }
        assert all(one.delivered >= 0 <= one.waiting for one in accounts.values())
    history.log.close()


@pytest.fixture
def history(tmp_path):
    history = History(tmp_path / "events.db")
    yield history
    history.log.close()


def test_a_refusal_by_one_sink_is_not_taken_from_another(history):
    history.reload({"mqtt", "cloud"})
    history.record("reading", 10)
    history.deliver("mqtt", 10)
    with history.log.transaction():
        history.log.account.move(
            CursorMove("cloud", 10, {2: "too ugly", 5: "too ugly"}, SINKS["cloud"].kinds)
        )
    accounts = history.accounts()
    assert (accounts["mqtt"].delivered, accounts["mqtt"].refused) == (10, {})
    assert (accounts["cloud"].delivered, accounts["cloud"].refused) == (8, {"too ugly": 2})


def test_a_refusal_behind_the_batch_is_counted_when_the_cursor_passes_it(history):
    history.record("reading", 10)
    with history.log.transaction():
        history.log.account.move(CursorMove("mqtt", 2, {2: "no", 5: "no", 6: "no", 7: "no"}))
    account = history.accounts()["mqtt"]
    assert (account.delivered, account.refused, account.waiting) == (1, {"no": 1}, 8)


def test_a_move_from_before_a_reload_does_not_pass_what_its_forwarder_never_looked_for(history):
    history.reload({"mqtt", "phone"})
    history.record("reading", 10)
    history.record("alert", 1)
    history.want("phone", 1)
    with history.log.transaction():
        history.log.account.move(CursorMove("phone", 11, {}, SINKS["phone"].kinds))
    phone = history.accounts()["phone"]
    assert (phone.delivered, phone.waiting) == (0, 11)


def test_a_second_salvage_does_not_count_the_first_ones_hole(history):
    history.record("reading", 10)
    history.salvage(0)
    history.salvage(0)
    assert history.accounts()["mqtt"].dropped == {}


def test_salvage_does_not_count_again_what_a_full_log_has_dropped(history):
    for _ in range(20):
        history.record("reading", 100)
        history.trim(0)
    dropped = history.accounts()["mqtt"].dropped
    history.salvage(0)
    assert history.accounts()["mqtt"].dropped == dropped != {}


def test_salvage_does_not_count_what_left_the_log_because_no_sink_wants_it(history):
    history.record("reading", 1)
    history.record("aggregate", 117)
    history.want("mqtt", 2)
    history.fill(["aggregate"])
    history.salvage(0)
    mqtt = history.accounts()["mqtt"]
    assert (mqtt.waiting, mqtt.dropped) == (1 + 1, {}), "the reading, and the gap of the salvage"


def test_salvage_does_not_count_what_a_gap_event_reported_that_has_left_the_log(history):
    history.record("reading", 1)
    history.salvage(0)
    history.want("mqtt", 4)
    history.record("alert", 1)
    history.fill(["reading", "lifecycle", "gap"])
    history.salvage(0)
    mqtt = history.accounts()["mqtt"]
    assert (mqtt.waiting, mqtt.dropped) == (1, {})


def test_salvage_does_not_count_for_a_lost_account_what_no_sink_wanted(history):
    history.record("reading", 1)
    history.record("aggregate", 117)
    history.record("reading", 1)
    history.want("mqtt", 2)
    history.fill(["aggregate"])
    with history.log.transaction():
        history.log.execute("DELETE FROM account")
    history.salvage(0)
    history.reload({"mqtt"})
    assert history.accounts()["mqtt"].dropped == {}


def test_a_sink_that_begins_now_has_nothing_to_do_with_what_was_before(history):
    history.record("reading", 10)
    history.reload({"mqtt", "cloud"})
    cloud = history.accounts()["cloud"]
    assert (cloud.start, cloud.recorded, cloud.delivered) == (10, 0, 0)


def test_events_that_a_sink_does_not_want_never_wait_for_it(history):
    history.reload({"mqtt", "phone"})
    history.record("reading", 10)
    history.record("alert", 1)
    assert history.accounts()["phone"].waiting == 1


def test_a_removed_sink_holds_no_history_back(history):
    history.reload({"mqtt", "cloud"})
    history.record("reading", 10)
    history.deliver("mqtt", 10)
    assert history.log.account.owned(10) == 0
    history.reload({"mqtt"})
    assert history.log.account.owned(10) == 10


def test_an_added_sink_keeps_what_waits_for_it(history):
    history.record("reading", 10)
    history.deliver("mqtt", 10)
    history.reload({"mqtt", "cloud"})
    history.record("reading", 10)
    history.deliver("mqtt", 10)
    history.age(200)
    history.trim(0)
    assert history.accounts()["cloud"].waiting == 10


def test_a_dead_sink_and_a_full_log_never_make_another_account_negative(history):
    history.reload({"mqtt", "phone"})
    for _ in range(20):
        history.record("alert", 100)
        history.deliver("mqtt", 400)
        history.trim(0)
    accounts = history.accounts()
    mqtt = accounts["mqtt"]
    assert (mqtt.dropped, mqtt.delivered) == ({}, mqtt.recorded - mqtt.waiting)
    assert accounts["phone"].dropped["max_size"] > 0
    assert accounts["phone"].recorded == 2000


def test_a_destinations_words_cannot_fill_the_table(history):
    history.record("reading", 300)
    for offset in range(1, 301):
        with history.log.transaction():
            history.log.account.move(CursorMove("mqtt", offset, {offset: f"reason {offset}" * 99}))
    refused = history.accounts()["mqtt"].refused
    assert (len(refused), refused[OTHER]) == (REASONS + 1, 300 - REASONS)
    assert max(map(len, refused)) < 200


def test_a_log_of_an_older_version_begins_its_accounts_at_the_cursors(tmp_path):
    path = tmp_path / "old.db"
    EventLog.open(path, boot="manual").close()
    old = sqlite3.connect(path)
    old.executescript("""
        DROP TABLE account; DROP TABLE loss; DROP TABLE tally; DROP TABLE vacant;
        ALTER TABLE saved_state RENAME TO memory;
        CREATE TABLE cursor (sink TEXT PRIMARY KEY, "offset" INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE dropped (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO cursor VALUES ('mqtt', 2); INSERT INTO memory VALUES ('rule/hot', '{}');
        PRAGMA user_version = 2;
    """)
    old.executemany(
        "INSERT INTO event (time, kind, source, data) VALUES (?, 'reading', 'a', '{}')",
        [(n,) for n in range(5)],
    )
    old.commit()
    old.close()
    log = EventLog.open(path, boot="manual")
    with log.transaction():
        log.account.register([SINKS["mqtt"]], log.last_offset())
    with Closing(path) as reader:
        account = reader.accounts()["mqtt"]
        assert (account.start, account.waiting, account.delivered) == (2, 3, 0)
        assert reader.saved_states() == {"rule/hot": b"{}"}
    log.close()


def test_accounts_and_events_of_a_snapshot_are_of_one_moment(reader, record):
    record(3)
    with reader.snapshot():
        before = reader.accounts()["mqtt"]
        record(2)
        assert len(reader.read_after(0, 10)) == before.recorded == 3
        assert reader.accounts()["mqtt"] == before
    assert reader.accounts()["mqtt"].recorded == 5
