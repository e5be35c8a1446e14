import os
import socket
import stat
from queue import SimpleQueue

import pytest

from edge_agent.terminal.control import ControlThread, Dialog
from edge_agent.terminal.control_socket import CLIENTS, ControlSocket
from edge_agent.terminal.line_sources import StandardInput


def shouted(line):
    if line == "whisper":
        raise ValueError("shout")
    return line.upper()


class Script:
    """A source that gives prepared portions, one per read, and keeps the answers."""

    def __init__(self, *portions):
        self.portions = list(portions)
        self.reads = 0
        self.answers = []
        self.answer = self.answers.append

    def read(self):
        self.reads += 1
        return self.portions.pop(0) if self.portions else None

    def close(self):
        pass


def test_one_line_is_answered_per_poll():
    source = Script(b"a\nb\nc\n")
    dialog = Dialog(source, shouted)
    for answers in (["A"], ["A", "B"], ["A", "B", "C"]):
        assert dialog.poll()
        assert source.answers == answers
    assert source.reads == 1, "nothing more is read while lines wait"


def test_a_refused_line_is_answered_as_an_error():
    source = Script(b"whisper\n")
    Dialog(source, shouted).poll()
    assert source.answers == ["error: shout"]


def test_a_blank_line_is_not_answered():
    source = Script(b"\n  \n")
    dialog = Dialog(source, shouted)
    assert [dialog.poll(), dialog.poll()] == [True, True]
    assert source.answers == []


def test_after_the_end_the_lines_that_wait_are_answered_first():
    source = Script(b"a\nb", b"")
    dialog = Dialog(source, shouted)
    assert [dialog.poll(), dialog.poll()] == [True, False]
    assert source.answers == ["A", "B"]


def test_a_source_that_fails_is_at_its_end():
    source = Script(b"a\n")

    def gone(_text):
        raise BrokenPipeError

    source.answer = gone
    assert not Dialog(source, shouted).poll()


def test_a_simulation_that_has_ended_is_an_error():
    def ended(_line):
        raise TimeoutError

    source = Script(b"a\n")
    assert Dialog(source, ended).poll()
    assert source.answers == ["error: the simulation has ended"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db.control"


@pytest.fixture
def typed():
    """A pipe as standard input: the end that a user writes to, and the answers."""
    reading, writing = os.pipe()
    answers = SimpleQueue()
    yield writing, StandardInput(reading, answers.put), answers
    os.close(reading)


@pytest.fixture
def control(path, typed):
    """A running control thread with a pipe as its terminal, and a socket."""
    thread = ControlThread(shouted, typed[1], ControlSocket(path))
    thread.start()
    yield thread
    thread.close()


def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(path))
    return client


def ask(client, text):
    client.sendall(text.encode())
    answer = b""
    while not answer.endswith(b"\n\n"):
        answer += client.recv(1000)
    return answer.decode()


def test_a_client_gets_its_answers_each_with_an_empty_line_behind(control, path):
    with connect(path) as client:
        assert ask(client, "hello\n") == "HELLO\n\n"
        assert ask(client, "whisper\n") == "error: shout\n\n"


def test_lines_of_standard_input_are_answered_there(control, path, typed):
    writing, _, answers = typed
    os.write(writing, b"hello\n")
    assert answers.get(timeout=60) == "HELLO"
    os.close(writing)
    with connect(path) as client:
        assert ask(client, "more\n") == "MORE\n\n", "the end of standard input ends nothing else"


def test_only_the_owner_may_use_the_socket(control, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_client_too_many_is_refused_with_a_reason(control, path):
    clients = [connect(path) for _ in range(CLIENTS)]
    assert [ask(client, "hi\n") for client in clients] == ["HI\n\n"] * CLIENTS
    with connect(path) as late:
        assert (
            ask(late, "") == f"error: {CLIENTS} clients are connected already; try again later\n\n"
        )
    for client in clients:
        client.close()


def test_a_client_that_leaves_makes_room(control, path):
    for _ in range(CLIENTS + 2):
        with connect(path) as client:
            assert ask(client, "hi\n") == "HI\n\n"


def test_a_client_that_sends_without_end_gets_an_error_and_the_others_their_answers(control, path):
    with connect(path) as flood, connect(path) as client:
        assert ask(flood, "x" * 1000 + "\n") == "error: a line has at most 200 bytes\n\n"
        assert ask(client, "hi\n") == "HI\n\n"


def test_the_socket_is_removed_at_the_end(path, typed):
    thread = ControlThread(shouted, typed[1], ControlSocket(path))
    thread.start()
    thread.close()
    assert not path.exists()
    os.close(typed[0])


def test_the_socket_of_a_killed_program_is_replaced(path):
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    ControlSocket(path).close()


def test_the_socket_of_a_running_program_is_left_alone(control, path):
    with pytest.raises(OSError, match="in use"):
        ControlSocket(path)
    with connect(path) as client:
        assert ask(client, "hi\n") == "HI\n\n"


def test_a_file_that_is_no_socket_is_left_alone(path):
    path.write_text("precious")
    with pytest.raises(OSError, match="in use"):
        ControlSocket(path)
    assert path.read_text() == "precious"
