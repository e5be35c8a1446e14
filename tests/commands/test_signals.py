"""A running agent as a process: signals in any order, and streams that are closed."""

import os
import pty
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.errors import LogError
from edge_agent.store.reader import LogReader
from tests.configurations import shed

SIMULATE = [sys.executable, "-m", "edge_agent", "simulate", "--no-broker"]
# Makes the terminal of its stdin the controlling one; the tests themselves may run under nohup.
IN_TERMINAL = ["env", "--default-signal=HUP", "setsid", "--ctty"]
CLOSED = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]  # starts a program without any stream


class Process:
    """An agent's process, and what it wrote to its log and its streams."""

    def __init__(self, directory, port, prefix=(), **streams):
        self.log = directory / "shed.db"
        config = directory / "shed.toml"
        config.write_text(shed(f"mqtt://127.0.0.1:{port}", f'path = "{self.log}"'))
        self._output = directory / "output.txt"
        self._file = self._output.open("wb")
        streams = {"stdout": self._file, "stderr": self._file} | streams
        self.process = subprocess.Popen([*prefix, *SIMULATE, str(config)], **streams)

    def send(self, *numbers):
        for number in numbers:
            self.process.send_signal(number)

    def end(self):
        """Wait for the end; return the exit code and what was written."""
        code = self.process.wait(60)
        self._file.close()
        return code, self._output.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._file.close()

    def events(self, kind):
        """Return the events of a kind; none while the log is not there, or is being created."""
        try:
            reader = LogReader(self.log)
        except (LogError, sqlite3.OperationalError):
            return []
        try:
            return [event for event in reader.events_after(0) if event.kind == kind]
        finally:
            reader.close()

    def notes(self):
        return [event.data for event in self.events("lifecycle")]

    def runs(self):
        """Return whether it has measured; fail if it has ended."""
        assert self.process.poll() is None, self._output.read_text()
        return bool(self.events("reading"))

    def outputs(self):
        return [event.data for event in self.events("output")]


@pytest.fixture
def start(tmp_path, port):
    processes = []

    def make(*prefix, **streams):
        processes.append(Process(tmp_path, port, prefix, **streams))
        return processes[-1]

    yield make
    for each in processes:
        each.kill()


def stopped_safely(one):
    """Stop an agent as systemd does; check its exit code, its words and its output."""
    one.send(signal.SIGTERM)
    return ended_stopped(one)


def ended_stopped(one):
    """Wait for the end; check its exit code, its words and its output."""
    code, words = one.end()
    assert (code, "Traceback" in words) == (0, False)
    assert '"stopping"' in one.notes()[-1]
    assert '"value":0.0,"by":"safe"' in one.outputs()[-1]
    return words


def reloaded(one):
    return any("reloaded" in note for note in one.notes())


def test_reloads_at_once_before_during_and_after_the_start_end_nothing(start, wait_for):
    one = start()
    wait_for(one.log.exists)
    one.send(*[signal.SIGHUP] * 50)
    wait_for(one.runs)
    one.send(*[signal.SIGHUP] * 50)
    wait_for(lambda: reloaded(one))
    stopped_safely(one)


def test_a_stop_during_a_reload_is_a_clean_stop(start, wait_for):
    one = start()
    wait_for(one.runs)
    one.send(signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, signal.SIGHUP)
    ended_stopped(one)


def test_a_stop_as_soon_as_the_log_is_there_is_a_clean_stop(start, wait_for):
    one = start()
    wait_for(one.log.exists)
    stopped_safely(one)


def test_ctrl_c_and_a_stop_together_are_a_clean_stop(start, wait_for):
    one = start()
    wait_for(one.runs)
    one.send(signal.SIGINT, signal.SIGTERM)
    code, words = one.end()
    assert (code, "Traceback" in words) == (0, False)


@pytest.fixture
def terminal():
    """The two ends of a terminal: the window and what the program has; closed at the end."""
    window, inner = pty.openpty()
    ends = [window, inner]

    def close():
        while ends:
            os.close(ends.pop())

    yield inner, close
    close()


def test_a_terminal_that_is_closed_stops_the_agent_as_ctrl_c_does(start, wait_for, terminal):
    inner, close = terminal
    one = start(*IN_TERMINAL, stdin=inner, stdout=inner, stderr=inner)
    wait_for(one.runs)
    close()
    ended_stopped(one)


def test_in_an_open_terminal_sighup_reloads(start, wait_for, terminal):
    one = start(*IN_TERMINAL, stdin=terminal[0])
    wait_for(one.runs)
    one.send(signal.SIGHUP)
    wait_for(lambda: reloaded(one))
    stopped_safely(one)


def test_nohup_lets_the_agent_outlive_its_terminal(start, wait_for, terminal):
    inner, close = terminal
    one = start(*IN_TERMINAL, "nohup", stdin=inner)
    wait_for(one.runs)
    close()
    one.send(signal.SIGHUP)
    wait_for(lambda: reloaded(one))
    stopped_safely(one)


def test_a_pipe_whose_reader_has_gone_ends_nothing(start, wait_for):
    reader, writer = os.pipe()
    os.close(reader)
    one = start(stdout=writer)
    os.close(writer)
    wait_for(one.runs)
    one.send(signal.SIGPIPE)
    assert "BrokenPipe" not in stopped_safely(one)


def test_a_full_disk_behind_the_output_ends_nothing(start, wait_for):
    with Path("/dev/full").open("wb") as full:
        one = start(stdout=full)
        wait_for(one.runs)
        assert "No space" not in stopped_safely(one)


def test_without_any_stream_the_agent_runs_and_its_log_is_sound(start, wait_for):
    one = start(*CLOSED)
    wait_for(one.runs)
    stopped_safely(one)
