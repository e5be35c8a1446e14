"""Lines typed while a live table owns the terminal: the table shows them, the terminal does not."""

import codecs
import termios
from collections.abc import Callable
from contextlib import suppress

from edge_agent.terminal.line_buffer import LINE_BYTES
from edge_agent.terminal.line_sources import read_ready

ERASE = {"\x7f", "\x08"}
KILL = "\x15"  # Ctrl-U
ENTER = {"\r", "\n"}
ESCAPE = "\x1b"


class LineEditor:
    """The line that is being typed: printable characters, backspace and Ctrl-U."""

    def __init__(self) -> None:
        self.text = ""

    def type(self, keys: str) -> str | None:
        """Take typed characters; return the lines that Enter completed, or None."""
        done = ""
        for key in keys.partition(ESCAPE)[0]:  # an arrow, a function key: ignored
            if key in ENTER:
                done, self.text = f"{done}{self.text}\n", ""
            elif key in ERASE:
                self.text = self.text[:-1]
            elif key == KILL:
                self.text = ""
            elif key.isprintable() and len(self.text) < LINE_BYTES:
                self.text += key
        return done or None


class Keyboard:
    """A terminal without echo, read key by key; `prompt` shows the line, `show` what is done."""

    def __init__(
        self, file: int, prompt: Callable[[str], None], show: Callable[[str], None]
    ) -> None:
        """Switch the terminal's echo and line editing off, until `close`."""
        self._file = file
        self._prompt = prompt
        self._show = show
        self._editor = LineEditor()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._before = termios.tcgetattr(file)
        mode = termios.tcgetattr(file)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(file, termios.TCSADRAIN, mode)
        prompt("")

    def read(self) -> bytes | None:
        """Return the lines that were completed with Enter."""
        typed = read_ready(self._file)
        if not typed:
            return typed
        lines = self._editor.type(self._decoder.decode(typed))
        self._prompt(self._editor.text)
        if lines is None:
            return None
        self._show("\n".join(f"> {line}" for line in lines.splitlines()))
        return lines.encode()

    def answer(self, text: str) -> None:
        """Show an answer above the table."""
        self._show(text)

    def close(self) -> None:
        """Leave the terminal as it was; do nothing if it has been closed."""
        with suppress(termios.error):
            termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)
