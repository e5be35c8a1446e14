"""What arrives is an event that keeps its contract, or a dead letter with the reason."""

import json

import pytest

from consumers.audit.audit import Audit
from consumers.audit.following import End, Following
from consumers.audit.views import NoView
from consumers.decode import events_in
from consumers.source import DeadLetter


def decoded(*events):
    return list(events_in(json.dumps(list(events)).encode()))


def test_events_of_a_batch_are_what_arrived(event):
    assert [one.decoded for one in decoded(event(1), event(2))] == [event(1), event(2)]


def test_an_event_that_breaks_its_contract_is_a_dead_letter_and_the_others_are_not(event):
    broken = event(2, data={"values": {"t": "warm"}, "quality": "good"})
    reason = "edge.reading.v1: data.values[…]: expected a number, got a text"
    first, letter, last = decoded(event(1), broken, event(3))
    assert (first.offset, letter, last.offset) == (1, DeadLetter(reason, broken), 3)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 100_000, b"[" + b'{"a":' * 100_000])
def test_what_is_not_json_is_a_dead_letter_with_its_start_and_without_an_event(payload):
    assert list(events_in(payload)) == [DeadLetter("not JSON", None, payload[:1000])]


class Once:
    """A source that delivers one message."""

    interruptions = 0

    def __init__(self, deliveries):
        self.deliveries = deliveries

    def receive(self, _seconds):
        found, self.deliveries = self.deliveries, []
        return found

    def acknowledge(self, count):
        pass


def test_the_audit_counts_a_dead_letter_by_its_reason_and_does_not_call_it_lost(event):
    broken = event(2, data={"values": {}})
    source = Once([*decoded(event(1), broken, event(3)), *events_in(b"{")])
    following = Following(source, Audit(settle=0), NoView(), End(0, 0), lambda: 1e9)
    following.step()
    report = following.run()
    reason = "edge.reading.v1: data: `quality` is missing"
    assert report.unusable == {reason: 1, "not JSON": 1}
    assert (report.logs[0].arrived, report.logs[0].lost.total) == (3, 0)


def test_a_dead_letter_that_says_no_id_is_counted_once(event):
    audit = Audit()
    (letter,) = decoded(event(1, id=7))
    audit.take_dead_letter(letter, 0.0)
    assert audit.report(0.0).unusable == {"id: expected a text, got a whole number": 1}


def test_an_event_says_where_it_belongs(event):
    (one,) = decoded(event(7, clock="unsynchronised", bootid=2, uptime="30", replay=True, new=1))
    assert (one.id, one.node, one.kind, one.version) == ("a1b2c3:7", "greenhouse", "reading", 1)
    assert (one.subject, one.trusted, one.replay) == ("air", False, True)
    assert one.data == event(7)["data"]
    assert one.decoded["new"] == 1


@pytest.mark.parametrize("name", ["a1b2c3", "a1b2c3:x", f"a1b2c3:{2**63}", "a b:1"])
def test_an_event_whose_id_no_agent_gives_is_a_dead_letter(event, name):
    (letter,) = decoded(event(1, id=name))
    assert letter.reason == "not an event of an agent: its id is not <log id>:<offset>"
