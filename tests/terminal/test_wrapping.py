"""Lines in a terminal: broken between words, and untouched in a pipe."""

import io

from edge_agent.terminal.wrapping import say, wrapped

LINE = "shed.toml:8: device.air.address: wanted: I2C address, 0x03 to 0x77; default: the first"


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self):
        return True


def test_a_terminal_gets_whole_words_and_an_indent(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = wrapped(LINE, Terminal()).splitlines()
    assert max(map(len, lines)) <= 40
    assert " ".join(line.strip() for line in lines) == LINE
    assert all(line.startswith("  ") for line in lines[1:])


def test_a_tiny_terminal_breaks_no_word(monkeypatch):
    monkeypatch.setenv("COLUMNS", "1")
    assert " ".join(wrapped(LINE, Terminal()).split()) == LINE


def test_a_pipe_gets_the_line_as_it_is(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert wrapped(LINE, io.StringIO()) == LINE


def test_every_line_but_the_first_has_the_indent_that_is_wanted(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    first, *others = wrapped(LINE, Terminal(), " " * 10).splitlines()
    assert first[0] != " "
    assert others
    assert all(line.startswith(" " * 10) and line[10] != " " for line in others)


def test_a_message_is_broken_for_the_terminal_that_shows_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    say(LINE)
    assert terminal.getvalue() == wrapped(LINE, terminal) + "\n"
    assert len(terminal.getvalue().splitlines()) > 1


def test_a_stream_that_is_closed_gets_nothing_and_is_no_error(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    say(LINE)
    assert wrapped(LINE, None) == LINE
