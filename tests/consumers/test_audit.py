"""What the audit finds, and that nothing that arrives can end it or take its memory."""

import json
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.audit.audit import Audit
from consumers.ranges import Ranges, Room
from edge_agent.events import KINDS

START = 1_800_000_000.0  # 2027-01-15 08:00:00
SETTLED = START + 1000


@pytest.fixture
def audit():
    return Audit()


@pytest.fixture
def take(audit):
    """A function: take events at one moment."""

    def take(*events, at=START + 1):
        for one in events:
            audit.take(one, at)

    return take


def only(audit, at=SETTLED):
    (log,) = audit.report(at).logs
    return log


def test_a_complete_log_is_clean(audit, take, event):
    take(*map(event, range(1, 101)))
    log = only(audit)
    assert (log.first, log.last, log.arrived) == (1, 100, 100)
    assert audit.report(SETTLED).clean
    assert log.lost == log.missing == log.duplicated == log.reordered == log.late == (0, ())


def test_what_is_replayed_is_compared_and_otherwise_only_counted(audit, take, event):
    take(event(1, replay=True), *map(event, (7, 8)), event(2, replay=True), event(8, replay=True))
    log = only(audit)
    assert (log.first, log.arrived, audit.report(SETTLED).replayed) == (7, 2, 3)
    assert log.lost == log.missing == log.duplicated == log.reordered == (0, ())


def test_a_replay_with_another_content_contradicts(audit, take, event):
    take(event(7), event(7, replay=True, data={"values": {"other": 1}, "quality": "good"}))
    assert only(audit).contradictory == (1, ((7, 7),))


def test_a_missing_offset_is_lost_after_the_settling_time(audit, take, event):
    take(event(1), event(4), at=START)
    assert only(audit, START + 9).missing == (2, ((2, 3),))
    assert audit.report(START + 9).clean
    assert only(audit, START + 10).lost == (2, ((2, 3),))
    assert not audit.report(START + 10).clean


def test_a_redelivery_fills_a_hole_even_after_the_settling_time(audit, take, event):
    take(event(1), event(3), event(2), at=START)
    log = only(audit)
    assert (log.lost.total, log.reordered, log.duplicated.total) == (0, (1, ((2, 2),)), 0)


def test_an_event_that_arrives_twice_is_duplicated_and_clean(audit, take, event):
    take(event(1), event(2), event(2), event(2))
    log = only(audit)
    assert (log.arrived, log.duplicated, log.clean) == (2, (2, ((2, 2),)), True)


def test_one_id_with_two_contents_is_contradictory(audit, take, event):
    take(event(1), event(2), event(2, data={"values": {"temperature": 99}}))
    log = only(audit)
    assert (log.contradictory, log.duplicated.total, log.clean) == ((1, ((2, 2),)), 0, False)


@pytest.mark.parametrize("change", [{"subject": "soil"}, {"type": "edge.alert.v1"}])
def test_every_part_of_the_content_counts(audit, take, event, change):
    take(event(1), event(1, **change))
    assert only(audit).contradictory.total == 1


def test_the_same_content_in_another_notation_is_a_duplicate(audit, take, event):
    data = {"quality": "good", "values": {"temperature": 0.1}}
    take(event(1), event(1, data=data, time="2027-01-15T09:00:00.000001+01:00"))
    assert only(audit).duplicated.total == 1


def test_two_times_are_contradictory(audit, take, event):
    take(event(1), event(1, time="2027-01-15T08:00:00.5Z"))
    assert only(audit).contradictory.total == 1


def test_a_time_that_was_not_trusted_may_be_corrected_once(audit, take, event):
    early = {"time": "1970-01-01T00:00:09Z", "clock": "unsynchronised", "bootid": 1, "uptime": "9"}
    take(event(1, **early), event(1), event(1, **early))
    assert (only(audit).duplicated.total, only(audit).contradictory.total) == (2, 0)
    take(event(1, time="2027-01-15T08:00:00.5Z"))
    assert only(audit).contradictory.total == 1


def test_an_event_is_late_if_its_time_is_trusted_and_long_ago(audit, take, event):
    take(event(1), at=START + 60)
    take(event(2), event(3, clock="unsynchronised", bootid=1, uptime="2"), at=START + 61)
    assert only(audit).late == (1, ((2, 2),))


def test_a_repetition_is_not_late_as_well(audit, take, event):
    take(event(1))
    take(event(1), at=START + 500)
    assert (only(audit).late.total, only(audit).duplicated.total) == (0, 1)


def test_what_a_gap_event_names_is_not_lost(audit, take, event, gap):
    take(event(1), event(5), event(8), gap(9, [[2, 3], [6, 7]]))
    log = only(audit)
    assert (log.lost, log.named, log.gaps) == ((1, ((4, 4),)), 4, {"max_size": 4})


def test_a_gap_event_that_jumps_over_the_range_it_names_leaves_nothing_lost(
    audit, take, event, gap
):
    jump = gap(1_500_001, [[11, 1_500_000]], 0, log="a1b2c3", reason="went_back")
    take(event(10), jump, event(1_500_002))
    log = only(audit)
    assert (log.lost.total, log.named, log.gaps) == (0, 1_499_990, {"went_back": 0})


def test_a_gap_event_that_arrives_before_the_offsets_around_its_range(audit, take, event, gap):
    take(event(1), gap(9, [[2, 3]]), event(4), event(5), event(6), event(7), event(8))
    assert (only(audit).lost.total, only(audit).named) == (0, 2)


def test_a_repeated_gap_event_counts_once(audit, take, event, gap):
    take(event(1), gap(3, [[2, 2]]), gap(3, [[2, 2]]))
    assert only(audit).gaps == {"max_size": 1}


def test_a_gap_event_that_comes_with_other_ranges_is_a_contradiction(audit, take, event, gap):
    take(event(1), gap(9, [[2, 2], [6, 6]], 2), gap(9, [[2, 6]], 2))
    assert (only(audit).contradictory.total, only(audit).duplicated.total) == (1, 0)


def test_events_that_never_had_an_offset_are_counted(audit, take, event, gap):
    take(event(1), gap(2, [], 17, reason="disk_full"))
    assert (only(audit).gaps, only(audit).lost.total) == ({"disk_full": 17}, 0)


def test_a_gap_event_of_a_new_log_names_what_the_old_one_lacks(audit, take, event, gap):
    take(event(1, log="old"), event(9, log="old"))
    take(event(1, log="new"))
    take(gap(2, [[2, 8], [10, 99]], log="old", id="new:2"))
    new, old = audit.report(SETTLED).logs
    assert (old.log, old.lost.total, old.named) == ("old", 0, 7)
    assert (new.log, new.gaps, new.named) == ("new", {"max_size": 97}, 0)


def test_nodes_and_logs_are_kept_apart(audit, take, event):
    take(
        event(1, log="a", node="one"), event(1, log="b", node="two"), event(2, log="b", node="two")
    )
    logs = audit.report(SETTLED).logs
    assert [(log.log, log.nodes, log.last) for log in logs] == [
        ("a", ("one",), 1),
        ("b", ("two",), 2),
    ]


def test_a_log_of_two_nodes_shows_both(audit, take, event):
    take(event(1), event(2, node="copy"))
    assert only(audit).nodes == ("greenhouse", "copy")


def test_what_lies_before_the_first_arrival_is_not_judged(audit, take, event):
    take(event(50), event(51), event(48), event(49), event(48))
    log = only(audit)
    assert (log.first, log.before, log.lost.total, log.reordered.total) == (50, 2, 0, 0)
    assert log.duplicated.total == 1


def info(sink, *kinds, **sinks):
    return {"version": "1", "sink": sink, "sinks": {sink: list(kinds or KINDS), **sinks}}


def test_a_node_that_delivers_some_kinds_only_loses_nothing(audit, take, event):
    audit.introduce("greenhouse", info("cloud", "alert", "gap"))
    take(event(1), event(9))
    assert (only(audit).judged, only(audit).lost.total, only(audit).missing.total) == (False, 0, 7)
    audit.introduce("greenhouse", info("mqtt", cloud=["alert"]))
    assert (only(audit).judged, only(audit).lost.total) == (True, 7)


def test_what_another_sink_has_refused_is_lost_here_if_it_is_missing(audit, take, event, gap):
    audit.introduce("greenhouse", info("mqtt"))
    take(event(1), gap(3, [[2, 2]], reason="rejected by cloud: larger than 10 bytes"))
    assert only(audit).lost.ranges == ((2, 2),)
    take(gap(4, [[2, 2]], reason="rejected by mqtt: larger than 10 bytes"))
    assert only(audit).lost.ranges == ()


@pytest.mark.parametrize(
    "said", [None, [], {}, {"sink": "a", "sinks": {}}, {"sink": 1, "sinks": 2}]
)
def test_what_a_node_says_of_itself_may_be_anything(audit, take, event, said):
    audit.introduce("greenhouse", said)
    take(event(1), event(3))
    assert only(audit).lost.total == 1


UNUSABLE = [
    *(None, 1, "text", [], {}),
    {"id": 5},
    {"id": "a"},
    {"id": "a:-1"},
    {"id": "a:9223372036854775808"},
    {"id": "a:1:2"},
    {"id": "ä:1"},
    {"id": "a:\u0661"},  # a digit, but not of ASCII
    {"id": "x" * 100_000 + ":1"},
    {"source": "somewhere"},
    {"source": "urn:edge:a/b"},
    {"source": "urn:edge:" + "x" * 65},
    {"source": "urn:edge:a\n"},
    {"type": "com.example.order"},
    {"type": "edge.reading"},
    {"type": "edge.reading.v0"},
    {"type": "edge.reading.vx"},
    {"time": "yesterday"},
    {"time": 5},
    {"time": "2027-01-15T08:00:00"},
    {"data": []},
    {"data": {"a": object()}},
    {"data": {"a": "\ud800"}},
    {"type": "edge.gap.v1", "data": {"reason": "r", "count": -1, "ranges": []}},
    {"type": "edge.gap.v1", "data": {"reason": "r", "count": 1, "ranges": [[1]]}},
    {"type": "edge.gap.v1", "data": {"reason": "r", "count": 1, "ranges": [[-1, 2]]}},
    {"type": "edge.gap.v1", "data": {}},
]


@pytest.mark.parametrize("n", range(len(UNUSABLE)))
def test_what_is_not_an_event_of_an_agent_is_counted(audit, take, event, n):
    foreign = UNUSABLE[n]
    take(event(1), event(1) | foreign if isinstance(foreign, dict) and foreign else foreign)
    report = audit.report(SETTLED)
    assert (sum(report.unusable.values()), report.logs[0].arrived) == (1, 1)


def test_deeply_nested_data_is_counted(audit, take, event):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    take(event(1, data={"a": nested}))
    assert sum(audit.report(SETTLED).unusable.values()) == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = ["id", "source", "type", "time", "data", "subject", "clock", "sequence"]


@given(name=st.sampled_from(NAMES), value=anything)
def test_no_attribute_of_any_value_ends_the_audit(name, value):
    from_outside = {
        "id": "a:1", "source": "urn:edge:n", "type": "edge.gap.v1", "time": "2027-01-15T08:00:00Z",
        "data": {"reason": "r", "count": 1, "ranges": [[1, 2]]}, name: value,
    }  # fmt: skip
    audit = Audit()
    audit.take(from_outside, START)
    report = audit.report(SETTLED)
    assert len(report.logs) + sum(report.unusable.values()) == 1


class Model:
    """The audit's claims, in the plainest way, with everything kept."""

    def __init__(self):
        self.order, self.contents, self.named = [], {}, set()
        self.duplicated = self.contradictory = self.reordered = self.before = 0

    def take(self, offset, content, ranges):
        if offset in self.contents:
            same = self.contents[offset] == content
            self.duplicated += same
            self.contradictory += not same
            return
        self.contents[offset] = content
        self.named |= {n for first, last in ranges for n in range(first, last + 1)}
        self.before += bool(self.order) and offset < self.order[0]
        self.reordered += bool(self.order) and self.order[0] <= offset < max(self.order)
        self.order.append(offset)

    def lost(self):
        expected = set(range(self.order[0], max(self.order) + 1))
        return expected - self.contents.keys() - self.named


offsets = st.integers(1, 60)
ranges = st.lists(st.tuples(offsets, st.integers(0, 9)).map(lambda r: (r[0], r[0] + r[1])))
arrivals = st.lists(
    st.tuples(offsets, st.sampled_from([0, 0, 0, 1]), st.just([]) | ranges), min_size=1
)


def counted(found):
    return {n for first, last in found.ranges for n in range(first, last + 1)}


def event_of(offset, content, ranges, event, gap):
    if ranges:
        return gap(offset, ranges, content)
    return event(offset, data={"values": {"temperature": content}})


@given(arrivals)
def test_the_audit_agrees_with_a_model_that_keeps_everything(event, gap, arrived):
    audit, model = Audit(), Model()
    for offset, content, named in arrived:
        audit.take(event_of(offset, content, named, event, gap), START)
        model.take(offset, (content, tuple(named)), named)
    log = only(audit)
    assert (counted(log.lost), log.lost.total) == (model.lost(), len(model.lost()))
    assert log.duplicated.total == model.duplicated
    assert log.contradictory.total == model.contradictory
    assert log.reordered.total == model.reordered
    assert log.before == model.before
    assert log.arrived == len(model.order) - model.before
    assert log.named == log.last - log.first + 1 - log.arrived - log.lost.total


@given(st.permutations(range(1, 200)), st.integers(0, 40))
def test_without_room_for_ranges_the_number_of_lost_events_stays_right(event, order, room):
    audit, sent = Audit(ranges=room), sorted(order[:100])
    for offset in sent:
        audit.take(event(offset), START)
    assert only(audit).lost.total == sent[-1] - sent[0] + 1 - 100
    assert len(only(audit).lost.ranges) <= room


def test_a_repetition_of_a_forgotten_content_is_not_compared(event):
    audit = Audit(window=10)
    for offset in [*range(1, 21), 5, 20]:
        audit.take(event(offset), START)
    assert (only(audit).duplicated.total, only(audit).not_compared) == (2, 1)


def test_hostile_input_takes_a_bounded_amount_of_memory(event):
    audit = Audit(window=100, logs=100, ranges=1000)
    chance = random.Random(5)

    def flood(count):
        for _ in range(count):
            offset, name = chance.randrange(2**63), f"n{chance.randrange(10**9)}"
            audit.take(event(offset, log=chance.choice([name, "a", "b"]), node=name), START)
            audit.introduce(name, info("cloud", "alert"))
            audit.refuse(name)

    flood(5000)
    tracemalloc.start()
    flood(5000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    report = audit.report(SETTLED)
    assert len(report.logs) == 100
    assert len(report.unusable) <= 21
    assert grown < 300_000


def test_a_report_is_json(audit, take, event, gap):
    take(event(1), event(5), gap(9, [[2, 3]]), event(5), None)
    shown = json.loads(json.dumps(audit.report(SETTLED).as_dict()))
    assert shown["clean"] is False
    assert shown["logs"][0]["lost"] == {"total": 4, "ranges": [[4, 4], [6, 8]]}


def test_ranges_that_become_one_give_their_room_back():
    room = Room(3)
    ranges = Ranges(room)
    for offset in (1, 3, 5, 2, 4, 10, 20, 30):
        ranges.add(offset, offset)
    assert list(ranges) == [(1, 5), (10, 10), (20, 20)]
