import os
import pty
import termios

import pytest

from edge_agent.terminal.keyboard import Keyboard, LineEditor
from edge_agent.terminal.line_buffer import LINE_BYTES


def typed(*keys):
    editor = LineEditor()
    return [editor.type(each) for each in keys], editor.text


def test_enter_completes_a_line():
    assert typed("set air.", "temperature 31", "\r", "sh") == (
        [None, None, "set air.temperature 31\n", None],
        "sh",
    )


def test_several_lines_may_be_pasted_at_once():
    assert typed("show\nhelp\nse") == (["show\nhelp\n"], "se")


@pytest.mark.parametrize("erase", ["\x7f", "\x08"])
def test_backspace_removes_the_last_character(erase):
    assert typed(f"show{erase}{erase}", erase * 9)[1] == ""
    assert typed(f"showw{erase}")[1] == "show"


def test_ctrl_u_removes_the_line():
    assert typed("show\x15help")[1] == "help"


@pytest.mark.parametrize("keys", ["\x1b[A", "\x1b[3~", "\x1bOP", "\x00", "\t", "\x04"])
def test_arrows_and_control_characters_are_ignored(keys):
    assert typed("show", keys) == ([None, None], "show")


def test_a_line_grows_no_longer_than_it_may():
    assert len(typed("x" * 1000)[1]) == LINE_BYTES


@pytest.fixture
def terminal():
    """Both ends of a terminal that is not this process's own: (the user's, the program's)."""
    user, program = pty.openpty()
    yield user, program
    os.close(user)
    os.close(program)


def echoes(file):
    return bool(termios.tcgetattr(file)[3] & termios.ECHO)


def test_the_terminal_has_no_echo_while_a_table_is_shown_and_gets_it_back(terminal):
    _, program = terminal
    prompts = []
    keyboard = Keyboard(program, prompts.append, print)
    assert not echoes(program)
    keyboard.close()
    assert echoes(program)
    assert prompts == [""], "the table shows an empty prompt at once"


def test_keys_show_at_the_prompt_and_enter_gives_the_line(terminal, monkeypatch):
    user, program = terminal
    monkeypatch.setattr("edge_agent.terminal.line_sources.in_foreground", lambda _file: True)
    prompts, shown = [], []
    keyboard = Keyboard(program, prompts.append, shown.append)
    assert keyboard.read() is None
    os.write(user, "show °".encode())
    assert keyboard.read() is None
    os.write(user, b"\r")
    assert keyboard.read() == "show °\n".encode()
    assert prompts == ["", "show °", ""]
    assert shown == ["> show °"]
    keyboard.close()


def test_nothing_is_read_in_the_background(terminal, monkeypatch):
    user, program = terminal
    monkeypatch.setattr("edge_agent.terminal.line_sources.in_foreground", lambda _file: False)
    prompts = []
    keyboard = Keyboard(program, prompts.append, prompts.append)
    os.write(user, b"show\r")
    assert keyboard.read() is None
    assert prompts == [""]
    keyboard.close()
