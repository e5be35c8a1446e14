"""The running alert system, without a bus: what it commits, acknowledges and hands over."""

from collections import Counter
from datetime import timedelta
from queue import SimpleQueue

import pytest

from consumers.alerts.engine import AlertEngine
from consumers.alerts.nodes import FleetNodes
from consumers.alerts.notify.outbox import NotificationOutbox
from consumers.alerts.notify.sender import SentBatch
from consumers.alerts.records import AlertRecords
from consumers.alerts.silence import AlertSilence
from consumers.alerts.store import AlertRequest, AlertStore
from consumers.alerts.system import AlertParts, AlertSystem
from consumers.inbox.inbox import Inbox
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.inbox.sqlite_progress import SqliteProgress
from consumers.received_event import received_event
from consumers.source import Introduction
from edge_agent.errors import AgentError
from tests.consumers.alerts.conftest import EPOCH, SECOND, START, rule

HOT = "builtin = []\n" + rule("any(node).air.temperature > 30")
LOST = 'builtin = ["events_lost"]\n'
TARGETS = '[[notify]]\nname = "all"\nurl = "json://x"\nseverity = "info"\n'
TARGETS += '[[notify]]\nname = "worst"\nurl = "json://x"\nseverity = "critical"\n'
MANAGER = '[[notify]]\nname = "am"\nformat = "alertmanager"\nurl = "http://localhost"\n'


class ListSource:
    """Hands over what is put in it; `acknowledged` counts what is done with."""

    interruptions = 0
    connected = True

    def __init__(self):
        self.waiting = []
        self.acknowledged = 0

    def receive(self, seconds):
        found, self.waiting = self.waiting, []
        return found

    def acknowledge(self, count):
        self.acknowledged += count


class HeldSender:
    """Keeps the batches that it gets."""

    def __init__(self):
        self.batches = []

    def send(self, batch):
        self.batches.append(batch)


class Running:
    """An alert system on a state directory, at a time that is moved."""

    def __init__(self, plan, directory, now=START):
        self.now = now
        self.source = ListSource()
        self.progress = SqliteProgress(directory / "alerts.db")
        self.letters = SqliteLetters(directory / "dead.sqlite")
        self.store = AlertStore(self.progress)
        self.senders = {one.name: HeldSender() for one in plan.notify}
        self.sent = SimpleQueue()
        self.outbox = NotificationOutbox(self.store, plan.notify, self.senders, self.sent)
        nodes = FleetNodes(self.store.nodes(), plan.spans, plan.lateness)
        self.records = AlertRecords(self.store.records())
        self.engine = AlertEngine(plan.rules, nodes, self.records, plan.max_age, now)
        inbox = Inbox(self.progress, self.letters)
        parts = AlertParts(self.source, inbox, self.engine, self.store, self.outbox)
        self.reported = []
        self.system = AlertSystem(parts, self.reported.append, lambda: self.now)
        self._offsets = Counter()

    def reading(self, node="a", skip=0, **values):
        self._offsets[node] += 1 + skip
        time = EPOCH + timedelta(microseconds=self.now)
        event = {
            "id": f"{node}log:{self._offsets[node]}",
            "source": f"urn:edge:{node}",
            "type": "edge.reading.v1",
            "subject": "air",
            "time": time.isoformat(),
            "specversion": "1.0",
            "data": {"values": values, "quality": "good"},
        }
        self.source.waiting.append(received_event(event))
        return self

    def step(self, seconds=1):
        self.now += seconds * SECOND
        self.system.step()
        return self

    def states(self):
        found, self.reported[:] = [(one.rule, one.node, one.state) for one in self.reported], []
        return found

    def close(self):
        self.progress.close()
        self.letters.close()


@pytest.fixture
def running(plan, tmp_path):
    """A function: an alert system; a second one has the state of the first."""
    all_of_them = []

    def start(text, **more):
        if all_of_them:
            all_of_them[-1].close()
        all_of_them.append(Running(plan(text), tmp_path, **more))
        return all_of_them[-1]

    yield start
    all_of_them[-1].close()


def test_what_was_acknowledged_is_saved(running):
    first = running(HOT).reading(temperature=31).step()
    assert (first.states(), first.source.acknowledged) == ([("hot", "a", "firing")], 1)
    again = running(HOT, now=first.now)
    again.reading(temperature=31).step()
    assert again.states() == []
    assert again.reading(temperature=20).step().states() == [("hot", "a", "resolved")]


def test_after_an_error_nothing_is_saved_or_acknowledged(running, monkeypatch):
    first = running(HOT + TARGETS).reading(temperature=31)
    monkeypatch.setattr(first.progress, "save", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        first.step()
    assert (first.source.acknowledged, first.store.records(), first.store.nodes()) == (0, {}, {})
    assert first.store.outgoing("all", 10) == {}


def test_an_unexplained_gap_is_an_alert(running):
    lossy = running(LOST).reading(x=1).reading(skip=5, x=1).step().step(3).step(59)
    assert lossy.states() == []
    assert lossy.step(2).step().states() == [("events_lost", "a", "firing")]


def test_what_a_node_does_not_deliver_here_is_not_lost(running):
    partial = running(LOST)
    info = {"sink": "mqtt", "sinks": {"mqtt": ["reading"]}}
    partial.source.waiting.append(Introduction("a", info))
    partial.reading(x=1).reading(skip=5, x=1).step().step(3).step(61).step()
    assert partial.states() == []


def test_a_target_gets_what_is_at_least_as_severe_as_it_wants(running):
    hot = running(HOT + TARGETS).reading(temperature=31).step()
    assert [len(sender.batches) for sender in hot.senders.values()] == [1, 0]


def test_a_target_gets_the_next_batch_when_it_has_sent_the_last(running):
    hot = running(HOT + TARGETS).reading(temperature=31).step()
    hot.reading(temperature=20).step().reading(temperature=31).step()
    (first,) = hot.senders["all"].batches
    hot.sent.put(SentBatch("all", first.numbers))
    hot.step()
    states = [[one.state for one in batch.transitions] for batch in hot.senders["all"].batches]
    assert states == [["firing"], ["resolved", "firing"]]


def test_what_was_not_sent_is_handed_over_after_a_restart(running):
    first = running(HOT + TARGETS).reading(temperature=31).step()
    again = running(HOT + TARGETS, now=first.now).step()
    batches = [one.senders["all"].batches[0].transitions for one in (first, again)]
    assert batches[0] == batches[1]
    assert batches[0][0].id == batches[1][0].id


def test_what_waits_for_a_target_is_bounded_and_the_oldest_is_dropped(running, monkeypatch):
    monkeypatch.setattr("consumers.alerts.store.WAITING", 3)
    hot = running(HOT + TARGETS)
    for temperature in (31, 20, 31, 20, 31):
        hot.reading(temperature=temperature).step()
    assert len(hot.store.outgoing("all", 10)) == 3
    assert hot.outbox.dropped == 2


def test_alertmanager_gets_what_fires_each_minute(running):
    hot = running(HOT + MANAGER).reading(temperature=31).step()
    sender = hot.senders["am"]
    hot.sent.put(SentBatch("am", sender.batches[0].numbers))
    hot.step().step(59)
    assert len(sender.batches) == 2
    hot.sent.put(SentBatch("am", ()))
    hot.step(61)
    assert [len(one.numbers) for one in sender.batches] == [1, 0, 0]
    assert [one.transitions[0].state for one in sender.batches] == ["firing"] * 3


def test_a_request_acknowledges_an_alert(running):
    hot = running(HOT).reading(temperature=31).step()
    hot.store.ask(AlertRequest("ack", "hot", "a"))
    hot.step()
    assert hot.store.records()["hot", "a"].state.acknowledged
    assert hot.store.take_requests() == []


def test_a_request_forgets_a_node(running):
    hot = running(HOT).reading(temperature=31).step()
    hot.store.ask(AlertRequest("forget", "", "a"))
    assert hot.step().states() == [("hot", "a", "firing"), ("hot", "a", "resolved")]
    assert (hot.store.records(), hot.store.nodes()) == ({}, {})


def test_a_silence_is_in_force_at_once_and_survives_a_restart(running):
    first = running(HOT + TARGETS)
    first.store.add_silence(AlertSilence("hot", "*", START + 100 * SECOND), START)
    first.reading(temperature=31).step()
    again = running(HOT + TARGETS, now=first.now).step()
    assert again.senders["all"].batches == first.senders["all"].batches == []
    again.step(100)
    assert [one.repeat for one in again.senders["all"].batches[0].transitions] == [1]


def test_a_state_of_another_version_is_refused(running):
    first = running(HOT)
    first.progress.database.execute("PRAGMA user_version = 7")
    with pytest.raises(AgentError, match="another version"):
        AlertStore(first.progress)


def test_readings_that_no_rule_sees_are_counted_over_restarts(running):
    running(HOT).reading(temperature=31).step(301).reading(temperature=31).step(301)
    again = running(HOT, now=START + 3600 * SECOND)
    again.reading("b", temperature=31).step(301)
    assert again.store.counts() == {"late": 3}


def test_the_history_is_bounded(running, monkeypatch):
    monkeypatch.setattr("consumers.alerts.store.HISTORY", 3)
    hot = running(HOT)
    for temperature in (31, 20, 31, 20, 31):
        hot.reading(temperature=temperature).step()
    assert [one.state for one in hot.store.history(10)] == ["firing", "resolved", "firing"]


SILENT = "builtin = []\n" + rule("silent(node) for 10m")


def test_no_node_is_silent_while_the_source_is_not_connected(running, caplog):
    one = running(SILENT).reading(x=1).step()
    one.source.connected = False
    one.step().step(3600)
    assert one.states() == []
    assert "not connected; no node counts as silent" in caplog.text
    assert one.store.disconnected_since() == START + 2 * SECOND
    one.source.connected = True
    one.step().step(599)
    assert one.states() == []
    assert one.store.disconnected_since() is None
    assert one.step().states() == [("hot", "a", "firing")]


def test_an_alert_of_silence_stays_while_the_source_is_not_connected(running):
    one = running(SILENT).reading(x=1).step().step(600)
    assert one.states() == [("hot", "a", "firing")]
    one.source.connected = False
    one.step().step(3600)
    one.source.connected = True
    one.step().step(1)
    assert one.states() == []
    assert one.reading(x=1).step().states() == [("hot", "a", "resolved")]


def test_a_source_that_is_not_connected_is_an_alert_of_its_own(running):
    one = running('builtin = ["node_silent", "not_listening"]\n').reading(x=1).step()
    one.source.connected = False
    one.step().step(599)
    assert one.states() == []
    assert one.step().states() == [("not_listening", "", "firing")]
    one.source.connected = True
    assert one.step().states() == [("not_listening", "", "resolved")]
