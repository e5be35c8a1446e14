"""A start reports an unclean stop, once for each, and never a clean one."""

import json
from contextlib import suppress
from queue import Empty, SimpleQueue

import pytest

from edge_agent.assembly.log_threads import LogThreads
from edge_agent.config.log import LogSettings
from edge_agent.events import Event
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.spill import Spill


class Process:
    """An agent's log threads, run by hand."""

    def __init__(self, path, clock, memory, interval=1.0):
        self.clock, self.inbox = clock, SimpleQueue()
        spill = Spill((memory,))
        self.log = open_log(path, clock, spill)
        self.threads = LogThreads(
            self.log,
            spill,
            self.inbox,
            LogSettings(commit_interval=interval),
            announce=lambda _: None,
            clock=clock,
            alive=lambda _: None,
            died=lambda _: None,
            report=lambda _: None,
        )
        self.recorder = self.threads._recorder

    def start(self):
        self.put(Event("lifecycle", "agent", self.clock.now(), {"what": "started"}))
        self.after(0.01)
        return self

    def put(self, *events):
        for event in events:
            self.inbox.put(event)
        self.recorder.step(0)

    def after(self, seconds):
        self.clock.advance(seconds)
        self.recorder.step(0)

    def kill(self):
        """The kernel closes what the process had open; nothing else happens."""
        self.log.abandon()

    def stop(self):
        with suppress(Empty):
            assert self.threads.close()


@pytest.fixture
def memory(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.fixture
def process(path, clock, memory):
    started = []

    def start(**given):
        started.append(Process(path, clock, memory, **given).start())
        return started[-1]

    yield start
    started[-1].stop()


def reports(path):
    reader = LogReader(path)
    notes = [json.loads(event.data) for event in reader.read_after(0, 10_000)]
    reader.close()
    return [note for note in notes if note.get("what") == "unclean_stop"]


def lose_power(clock, memory):
    clock.boot = "the next boot"
    for file in memory.iterdir():
        file.unlink()


def test_a_clean_stop_is_not_reported_and_leaves_no_file(path, process, memory, event):
    one = process()
    one.put(event())
    one.stop()
    assert list(memory.iterdir()) == []
    process()
    assert reports(path) == []


def test_a_kill_is_reported_with_the_last_commit_and_what_waited_for_the_next(path, process, event):
    one = process()
    one.after(1)
    one.put(event(1))
    one.after(1)  # committed
    for n in range(3):
        one.put(event(n))
    one.kill()
    process()
    (report,) = reports(path)
    assert report["missing"] == 3
    assert report["last_commit"] == "2023-11-14T22:13:21.010000Z"


def test_what_was_committed_is_not_missing(path, process, event):
    one = process()
    one.put(event())
    one.after(2)
    one.kill()
    process()
    assert [report["missing"] for report in reports(path)] == [0]


def test_each_unclean_stop_is_reported_once(path, process, event):
    for n in range(3):
        one = process()
        one.after(1)
        one.put(*(event() for _ in range(n)))
        one.kill()
    process().stop()
    process()
    assert [report["missing"] for report in reports(path)] == [0, 1, 2]


def test_after_a_power_cut_it_is_not_known_how_much_is_missing(path, process, clock, memory, event):
    one = process()
    one.after(1)
    one.put(event())
    one.kill()
    lose_power(clock, memory)
    process()
    assert [report["missing"] for report in reports(path)] == [None]


def test_a_count_of_an_earlier_boot_counts_nothing(path, process, clock, event):
    one = process()
    one.after(1)
    one.put(event())
    one.kill()
    clock.boot = "the next boot"  # the directory was on the disk
    process()
    assert [report["missing"] for report in reports(path)] == [None]


def test_what_was_lost_stays_counted_if_the_next_process_is_killed_before_it_commits(
    path, process, clock, memory, event
):
    one = process()
    one.after(1)
    one.put(event(), event())
    one.kill()
    again = Process(path, clock, memory)
    again.recorder._note_waiting()
    again.kill()
    process()
    assert [report["missing"] for report in reports(path)] == [2]


def test_a_start_that_fails_behind_the_log_is_no_unclean_stop(path, process, clock, memory, event):
    process().stop()
    clock.boot = "the next boot"
    for _ in range(3):
        Process(path, clock, memory).kill()  # it could not listen at its port, say
    process()
    assert reports(path) == []


def test_a_stop_that_has_spilled_is_a_clean_one(path, process, clock, memory, event, monkeypatch):
    one = process()
    one.after(1)
    one.put(event())

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(one.recorder, "_write", full)
        assert not one.threads.close()
    process()
    assert reports(path) == []


def test_a_directory_that_takes_no_file_costs_the_count_alone(path, clock, tmp_path, event):
    nowhere = tmp_path / "missing"
    one = Process(path, clock, nowhere).start()
    one.after(1)
    one.put(event())
    one.kill()
    two = Process(path, clock, nowhere).start()
    two.stop()
    assert [report["missing"] for report in reports(path)] == [None]


def test_a_clock_that_was_not_set_gives_no_time(path, process, clock, event):
    clock.trusted = False
    one = process()
    one.kill()
    process()
    assert [report["last_commit"] for report in reports(path)] == [""]


def test_a_foreign_file_is_not_believed(path, process, memory, event):
    one = process()
    (file,) = memory.iterdir()
    one.kill()
    file.write_bytes(b"\xff" * 300)
    process()
    assert [report["missing"] for report in reports(path)] == [None]
