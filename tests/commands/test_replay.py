"""`edge-agent log replay`: history to one sink once more, beside an agent that runs."""

import json
import os
import signal

import pytest
from lab.broker import Subscriber

from edge_agent.clock import ManualClock
from edge_agent.deliver import file
from edge_agent.errors import EventRejected
from edge_agent.events import Reading, Subscription
from edge_agent.store import tally
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

CONFIG = """
node = "shed"
[mqtt]
url = "{url}"
client_id = "edge-shed"
[log]
path = "{directory}/events.db"
[[sink]]
name = "archive"
url = "file://{directory}/archive.jsonl"
"""
FAST = ("--rate", "10000")


class Shed:
    """An event log with 20 readings, one a second since 22:13:20 UTC; its agent runs."""

    def __init__(self, directory, url="mqtt://127.0.0.1:9"):
        self.config = directory / "shed.toml"
        self.config.write_text(CONFIG.format(directory=directory, url=url))
        self.archive = directory / "archive.jsonl"
        self.clock = ManualClock()
        self.log = EventLog.open(directory / "events.db", boot=self.clock.boot)
        with self.log.transaction():
            self.log.account.register([Subscription("mqtt"), Subscription("archive")], 0)
        for n in range(20):
            self.append(n)

    def append(self, n):
        with self.log.transaction():
            self.log.append([Reading("air", self.clock.now(), {"n": n}).event()])
        self.clock.advance(1)

    def forget(self, *offsets):
        with self.log.transaction():
            tally.delete(self.log.execute, offsets)

    def accounts(self):
        reader = LogReader(self.config.parent / "events.db")
        try:
            return reader.accounts()
        finally:
            reader.close()

    def replayed(self):
        return [json.loads(line) for line in self.archive.read_text().splitlines()]


@pytest.fixture
def shed(tmp_path):
    """The shed after its agent has stopped."""
    shed = Shed(tmp_path)
    shed.log.close()
    return shed


@pytest.fixture
def replay(edge_agent):
    """A function: replay to a sink of a shed, fast."""

    def run(shed, *options, name="archive"):
        return edge_agent("log", "-c", shed.config, "replay", "--sink", name, *FAST, *options)

    return run


def numbers(events):
    return [int(event["sequence"]) for event in events]


def test_a_stretch_of_offsets_arrives_with_the_same_ids_and_is_marked(shed, replay):
    done = replay(shed, "--since", "3", "--until", "7")
    assert (done.code, done.out) == (0, "5 events sent to archive, 0 refused\n")
    assert numbers(shed.replayed()) == [3, 4, 5, 6, 7]
    assert [event["id"] for event in shed.replayed()] == [f"{shed.log.id}:{n}" for n in range(3, 8)]
    assert all(event["replay"] is True for event in shed.replayed())


def test_times_bound_a_stretch_the_last_one_is_not_in_it(shed, replay):
    options = ("--since", "2023-11-14T22:13:22Z", "--until", "2023-11-14T22:13:25+00:00")
    replay(shed, *options)
    assert numbers(shed.replayed()) == [3, 4, 5]


def test_how_long_ago_bounds_a_stretch(shed, replay):
    assert "no event is to be sent" in replay(shed, "--since", "1h").out
    assert "20 events of offsets 1 to 20" in replay(shed, "--since", "20000d", "--dry-run").out


def test_only_the_kinds_that_a_sink_wants_are_sent(shed, replay):
    config = shed.config.read_text() + 'kinds = ["alert"]\n'
    shed.config.write_text(config)
    assert "no event is to be sent" in replay(shed, "--since", "1").out


def test_a_dry_run_counts_and_sends_nothing(shed, replay):
    done = replay(shed, "--since", "11", "--dry-run")
    assert done.out == "10 events of offsets 11 to 20 would be sent to archive\n"
    assert not shed.archive.exists()


@pytest.mark.parametrize("bound", ["yesterday", "-5", "1.5.6", "2023-13-01", "1e9"])
def test_a_bound_that_is_neither_offset_nor_time_is_explained(shed, replay, bound):
    done = replay(shed, f"--since={bound}")
    assert (done.code, "write an offset, such as 1200" in done.err) == (2, True)


def test_a_name_that_no_sink_has_is_explained(shed, replay):
    done = replay(shed, "--since", "1", name="archiv")
    assert (done.code, done.err.strip()[-30:]) == (2, "unknown; did you mean 'archive'?"[-30:])


@pytest.mark.parametrize(
    ("gone", "since", "said"),
    [
        ((1, 2, 3), "1", "offsets 1 to 3 are not in the log any more"),
        ((1, 2, 3), "20000d", "the log begins with offset 4, of 2023-11-1"),
        ((5, 6, 9), "1", "3 offsets in between have no event any more"),
        ((), "1", ""),
        ((1, 2, 3), "4", ""),
    ],
)
def test_what_the_log_does_not_have_any_more_is_said(tmp_path, replay, gone, since, said):
    shed = Shed(tmp_path)
    shed.forget(*gone)
    shed.log.close()
    done = replay(shed, "--since", since, "--dry-run")
    assert said in done.err
    assert bool(said) == bool(done.err)


def test_a_running_agent_keeps_its_file_to_itself(tmp_path, replay, edge_agent):
    shed = Shed(tmp_path)
    done = replay(shed, "--since", "1")
    assert done.code == 1
    assert f"the running agent uses the file {shed.archive}" in done.err
    elsewhere = f"sink.archive.url=file://{tmp_path}/elsewhere.jsonl"
    done = edge_agent(
        *("log", "-c", shed.config, "--set", elsewhere),
        *("replay", "--sink", "archive", "--since", "1", *FAST),
    )
    shed.log.close()
    assert (done.code, done.out) == (0, "20 events sent to archive, 0 refused\n")
    assert len((tmp_path / "elsewhere.jsonl").read_text().splitlines()) == 20
    assert not shed.archive.exists()


def test_a_broker_sees_the_events_and_nothing_of_the_agents_own_session(
    tmp_path, broker, replay, wait_for
):
    shed = Shed(tmp_path, broker.url)
    agent = Subscriber(broker.port, "edge/#", client_id="edge-shed")
    before = shed.accounts()
    done = replay(shed, "--since", "1", name="mqtt")
    assert (done.code, done.out) == (0, "20 events sent to mqtt, 0 refused\n")
    wait_for(lambda: len(agent.received) >= 20)
    agent.close()
    assert {topic for topic, _, _ in agent.received} == {"edge/shed/event/reading/air"}
    assert numbers(json.loads(body) for _, body, _ in agent.received) == list(range(1, 21))
    assert shed.accounts() == before
    shed.log.close()


def interrupted_in_the_second_batch(deliver=file.FileSink.deliver):
    """A file sink's `deliver` that takes two events at a time, until Ctrl-C comes."""
    batches = []

    def interrupted(sink, batch):
        batches.append(batch)
        if len(batches) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return deliver(sink, batch[:2])

    return interrupted


def test_a_stop_says_where_to_continue_and_nothing_is_missing(shed, replay, monkeypatch):
    monkeypatch.setattr(file.FileSink, "deliver", interrupted_in_the_second_batch())
    done = replay(shed, "--since", "1")
    assert done.code == 130
    assert "stopped; continue with --since 5 --until 20\n" in done.err
    monkeypatch.undo()
    assert replay(shed, "--since", "5", "--until", "20").code == 0
    assert numbers(shed.replayed()) == list(range(1, 21))


def test_a_refusal_is_an_exit_code_and_the_rest_is_sent(shed, replay, monkeypatch):
    def refuse(_sink, batch):
        raise EventRejected(len(batch), {batch[0].offset: "too ugly"})

    monkeypatch.setattr(file.FileSink, "deliver", refuse)
    done = replay(shed, "--since", "1")
    assert (done.code, done.out) == (1, "19 events sent to archive, 1 refused\n")
    assert "refused 1: too ugly\n" in done.err
