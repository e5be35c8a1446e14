"""The short way of the next event of a log: it does what the long way does, only sooner."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consumers.decode import checked
from consumers.inbox.inbox import Inbox
from consumers.inbox.settings import InboxSettings
from tests.consumers.conftest import make_event, make_gap
from tests.consumers.test_inbox import START, Store

DAYS = 86_400 * 30.0  # our clock is so far behind: an event of now is a dead letter
NODES = st.sampled_from(["greenhouse", "greenhouse", "greenhouse", "cellar"])
LOGS = st.sampled_from(["a", "a", "b", "c"])
OFFSETS = st.one_of(st.none(), st.none(), st.none(), st.integers(1, 12))  # None: the next one
SORTS = st.sampled_from(["reading"] * 6 + ["gap", "replay", "untimed", "letter"])
ARRIVALS = st.tuples(LOGS, NODES, OFFSETS, SORTS)
STEPS = st.lists(
    st.tuples(
        st.lists(ARRIVALS, max_size=12),
        st.sampled_from([0.0, 0.0, 0.5, 3.0, -DAYS]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
SETTINGS = st.builds(
    InboxSettings,
    patience=st.sampled_from([0.0, 2.0]),
    most_behind=st.sampled_from([3, 100]),
    gap_patience=st.just(1.0),
    replays=st.booleans(),
    logs=st.sampled_from([2, 100]),
    ranges=st.sampled_from([2, 100]),
)


class LongWay(Inbox):
    """Looks at everything for every event."""

    def _is_next(self, event):
        return False


def delivery(log, node, offset, sort):
    if sort == "gap":
        return checked(make_gap(offset, [[max(1, offset - 2), offset - 1]], log=log, node=node))
    more = {"replay": {"replay": True}, "untimed": {"clock": "unset"}, "letter": {"data": 1}}
    event = make_event(offset, log=log, node=node, **more.get(sort, {}))
    return checked(event)


def outcome(inbox, store, steps):
    """Everything that can be seen of an inbox."""
    now, latest, seen = START, {}, []
    for arrivals, passed, commit in steps:
        now += passed
        deliveries = []
        for log, node, offset, sort in arrivals:
            latest[log] = offset or latest.get(log, 0) + 1
            deliveries.append(delivery(log, node, latest[log], sort))
        seen.append([(one.log, one.offset, one.node) for one in inbox.take(deliveries, now)])
        if commit:
            inbox.save()
            seen.append(inbox.settle())
        seen += [inbox.missing(), dict(store.rows), set(store.letters)]
    return seen, inbox.counts


A_LATE_ONE = [("a", "greenhouse", offset, "reading") for offset in (1, 3, 2)]


@settings(max_examples=300)
@given(SETTINGS, STEPS)
@example(InboxSettings(), [(A_LATE_ONE, 0.0, True)])
def test_the_short_way_and_the_long_way_have_the_same_outcome(options, steps):
    one, other = Store(), Store()
    short = outcome(Inbox(one, one, options), one, steps)
    assert short == outcome(LongWay(other, other, options), other, steps)


@pytest.mark.parametrize("sort", ["reading", "untimed"])
def test_the_next_event_of_a_log_takes_the_short_way(monkeypatch, sort):
    store = Store()
    inbox = Inbox(store, store)
    list(inbox.take([delivery("a", "greenhouse", 1, sort)], START))
    monkeypatch.setattr(inbox, "_arrive", None)
    found = list(inbox.take([delivery("a", "greenhouse", 2, sort)], START))
    assert [one.offset for one in found] == [2]
