"""The bridge: what it acknowledges, and when; with real processes, what a kill costs."""

import json
import random
import threading
from collections import Counter
from contextlib import closing

import pytest

from consumers.bridge.bridge import MOST_WAITING, Bridge
from consumers.bridge.delivery import delivering_to
from consumers.decode import checked
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.source import DeadLetter, Introduction, SourcePlan
from consumers.sources.catalog import source_of
from edge_agent.clock import Moment
from edge_agent.deliver.backoff import Backoff
from edge_agent.errors import EventRejected, SinkUnavailable
from tests.consumers.bridge_process import BridgeProcess

PATIENCE = 30.0  # s


class ScriptedSource:
    def __init__(self):
        self.coming, self.acknowledged, self.interruptions = [], 0, 0

    def receive(self, _seconds):
        taken, self.coming = self.coming, []
        return taken

    def acknowledge(self, count):
        self.acknowledged += count


class ScriptedSink:
    """Takes what it gets; `answers` are exceptions or counts for the next deliveries."""

    name = "sink"

    def __init__(self):
        self.got, self.answers, self.free = [], [], threading.Event()
        self.free.set()

    def open(self):
        pass

    def close(self):
        pass

    def deliver(self, batch):
        assert self.free.wait(PATIENCE)
        answer = self.answers.pop(0) if self.answers else len(batch)
        if isinstance(answer, Exception):
            raise answer
        self.got += batch[:answer]
        return answer


class ManualClock:
    def __init__(self):
        self.time = 0.0

    def monotonic(self):
        return self.time

    def now(self):
        return Moment(1_800_000_000_000_000, 0, True)


class Between:
    """A bridge between the two, with its dead letters."""

    def __init__(self, sink, delivery, letters):
        self.source, self.sink, self.clock = ScriptedSource(), sink, ManualClock()
        self.letters = letters
        self.bridge = Bridge(
            self.source,
            delivery,
            self.letters,
            clock=self.clock,
            backoff=Backoff(random.Random(1).random),
            stopping=lambda: False,
        )

    def step(self, *deliveries):
        """Let it work until the sink has answered."""
        self.source.coming += deliveries
        self.bridge.step()
        self.bridge.finish(PATIENCE)
        return self.source.acknowledged

    @property
    def ids(self):
        return [each.id for each in self.sink.got]

    @property
    def reasons(self):
        return [each.reason for each in self.letters]


@pytest.fixture
def between(tmp_path):
    sink, died = ScriptedSink(), []
    with (
        closing(SqliteLetters(tmp_path / "dead.sqlite")) as letters,
        delivering_to(sink, died.append) as delivery,
    ):
        yield Between(sink, delivery, letters)
    assert died == []


@pytest.fixture
def received(event):
    """A function: events as a source delivers them."""

    def received(*offsets, **changes):
        return [checked(event(n, **changes)) for n in offsets]

    return received


def test_an_event_is_acknowledged_once_the_sink_owns_it(between, received):
    between.sink.answers = [2, SinkUnavailable("away", "wait")]
    assert between.step(*received(1, 2, 3)) == 2
    assert between.step() == 2
    between.clock.time += 1
    assert between.step() == 3
    assert between.ids == ["a1b2c3:1", "a1b2c3:2", "a1b2c3:3"]


def test_two_logs_with_equal_offsets_go_as_they_are(between, received):
    between.step(*received(7), *received(7, log="other", node="cellar", later="x"))
    first, second = between.sink.got
    assert first.offset < second.offset
    assert (second.node, second.id, second.attributes["later"]) == ("cellar", "other:7", "x")


def test_a_refused_event_is_kept_before_it_is_acknowledged(between, received, event):
    between.sink.answers = [EventRejected(2, {2: "too large"})]
    assert between.step(*received(1, 2, 3)) == 2
    assert between.step() == 3
    assert between.reasons == ["too large"]
    (letter,) = between.letters
    assert json.loads(letter.payload) == event(2)
    assert between.bridge.counts.as_dict() == {"delivered": 2, "dead": 1}


def test_a_dead_letter_is_kept_and_does_not_wait_for_the_sink(between, received):
    between.sink.answers = [SinkUnavailable("away", "wait")]
    poison = DeadLetter("not JSON", payload=b"\xff")
    assert between.step(poison, Introduction("greenhouse", {}), *received(1)) == 2
    assert between.reasons == ["not JSON"]


def test_what_no_topic_can_name_is_a_dead_letter(between, received):
    assert between.step(*received(1, subject="a/#"), *received(2, Bad="x"), *received(3)) == 3
    assert between.ids == ["a1b2c3:3"]
    assert between.reasons == [
        "its subject is no name: 'a/#'",
        "its attribute 'Bad' is none of a CloudEvent",
    ]


def test_a_letter_that_is_tried_again_is_delivered_and_gone(between, received):
    between.sink.answers = [EventRejected(1, {1: "no schema"})]
    between.step(*received(1))
    between.letters.retry([])
    between.clock.time += 10
    assert between.step() == 1
    assert between.ids == ["a1b2c3:1"]
    assert between.reasons == []


def test_a_letter_that_is_refused_again_stays(between, received):
    between.sink.answers = [EventRejected(1, {1: "no schema"}), EventRejected(1, {2: "still none"})]
    between.step(*received(1))
    between.letters.retry([])
    between.clock.time += 10
    assert between.step() == 1
    assert between.reasons == ["still none"]
    between.clock.time += 10
    between.step()
    assert between.ids == []


def test_it_reads_on_while_the_sink_delivers_and_not_without_bound(between, received):
    between.sink.free.clear()
    for begin, end in ((1, 11), (11, MOST_WAITING + 1), (MOST_WAITING + 1, MOST_WAITING + 4)):
        between.source.coming += received(*range(begin, end))
        between.bridge.step()
    assert len(between.source.coming) == 3  # one delivery is under way, and the next is full
    assert between.source.acknowledged == 0
    between.sink.free.set()
    between.bridge.finish(PATIENCE)
    assert between.source.acknowledged == len(between.sink.got) == 10
    while len(between.ids) < MOST_WAITING + 3:
        between.step()
    assert between.ids == [f"a1b2c3:{n}" for n in range(1, MOST_WAITING + 4)]


# With real processes.

KEEP = """allow_anonymous true
persistence true
persistence_location {}/
user root
"""


@pytest.fixture
def bridging():
    made = []

    def make(url, path, state, *more):
        made.append(BridgeProcess(url, f"file:{path}", state, *more))
        return made[-1]

    yield make
    for each in made:
        if each.is_running:
            each.kill()


@pytest.fixture
def subscribed(broker):
    """A broker that keeps what comes for the group."""
    subscribe(broker)
    return broker


def subscribe(broker):
    source = source_of(SourcePlan(url=broker.url, group="g"))
    source.open()
    source.close()


def lines(path):
    """The lines that are written to their end."""
    whole, _, _ = path.read_text().rpartition("\n") if path.exists() else ("", "", "")
    return whole.splitlines()


def ids_in(*paths):
    return Counter(json.loads(one)["id"] for path in paths for one in lines(path))


def test_nothing_is_lost_if_the_bridge_and_the_broker_are_killed(
    mosquitto, tmp_path, bridging, publisher, event, wait_for
):
    broker = mosquitto(KEEP.format(tmp_path) + "autosave_interval 1\n").start()
    target = tmp_path / "events.jsonl"
    subscribe(broker)
    bridge, sender = bridging(broker.url, target, tmp_path / "state"), publisher(broker)
    for turn in range(3):
        sender.publish(event(n) for n in range(turn * 200 + 1, turn * 200 + 201))
        wait_for(lambda turn=turn: len(ids_in(target)) > turn * 200)
        bridge.kill()
        if turn == 1:
            broker.stop()  # it keeps what it has acknowledged
            broker.start()
        bridge.start()
    sender.publish([event(601)])
    expected = {f"a1b2c3:{n}" for n in range(1, 602)}
    wait_for(lambda: expected <= ids_in(target).keys())
    code, counts = bridge.finish()
    assert (code, counts["dead"]) == (0, 0)
    assert ids_in(target).keys() == expected
    contents = {line for line in lines(target) if '"a1b2c3:7"' in line}
    assert len(contents) == 1  # what comes twice is the same


def test_a_sink_that_is_away_keeps_everything_at_the_source(
    subscribed, tmp_path, bridging, publisher, event, wait_for
):
    obstacle = tmp_path / "away"
    obstacle.write_text("no directory")
    target = obstacle / "events.jsonl"
    bridge, sender = bridging(subscribed.url, target, tmp_path / "state"), publisher(subscribed)
    sender.publish(event(n) for n in range(1, 101))
    wait_for((tmp_path / "state" / "dead.sqlite").exists)
    bridge.kill()  # nothing was acknowledged
    bridge.start()
    obstacle.unlink()
    wait_for(lambda: len(ids_in(target)) == 100)
    assert set(ids_in(target).values()) == {1}


def test_two_members_share_the_work_and_the_death_of_one_loses_nothing(
    broker, tmp_path, bridging, publisher, event, wait_for
):
    targets = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    members = [
        bridging(broker.url, target, tmp_path / target.stem, "--member", target.stem)
        for target in targets
    ]
    sender = publisher(broker)
    sent = [0]

    def feed():
        sent[0] += 1
        sender.publish([event(sent[0])])
        return all(map(lines, targets))

    wait_for(feed)
    begin = min(int(one.partition(":")[2]) for one in ids_in(*targets))
    members[0].kill()
    sender.publish(event(n) for n in range(sent[0] + 1, sent[0] + 101))
    members[0].start()
    wanted = {f"a1b2c3:{n}" for n in range(begin, sent[0] + 101)}
    wait_for(lambda: wanted <= ids_in(*targets).keys())


def test_the_command_needs_a_group_and_names_a_wrong_option(command, tmp_path):
    done = command("bridge", "mqtt://127.0.0.1:1", f"file:{tmp_path}/e")
    assert (done.returncode, "--group" in done.stderr) == (2, True)
    done = command("bridge", "mqtt://127.0.0.1:1", f"file:{tmp_path}/e", "--group", "g",
                   "--sink-option", "file=3")  # fmt: skip
    assert (done.returncode, "did you mean 'files'" in done.stderr) == (2, True)


def test_no_broker_ends_with_4(command, tmp_path, port):
    done = command("bridge", f"mqtt://127.0.0.1:{port}", f"file:{tmp_path}/e", "--group", "g",
                   "--state", tmp_path / "state")  # fmt: skip
    assert done.returncode == 4
