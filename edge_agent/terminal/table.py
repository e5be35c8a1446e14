"""The live table of a terminal (rich, extra `[demo]`): values with their course, outputs, rules."""

import logging
import time
from typing import ClassVar

from rich.console import Console, Group
from rich.live import Live
from rich.logging import RichHandler
from rich.text import Text

from edge_agent.terminal.board import Board
from edge_agent.terminal.display import ControlAnswer, DisplayNews, Parts, Prompt, Reread
from edge_agent.terminal.layout import TerminalSize, drawn
from edge_agent.terminal.log_lines import LogChoice, log_to_stderr
from edge_agent.terminal.sparkline import ASCII_BARS, BARS

HINT = "type help, or for example: set air.temperature 31"
ASCII = str.maketrans("°µ²³Ω…▏", " u23O._")


class LiveTable:
    """Redraws itself four times a second, below the log's lines, as large as the terminal is."""

    redraws: ClassVar[bool] = True

    def __init__(
        self,
        parts: Parts,
        heading: tuple[str, ...],
        log: LogChoice = LogChoice(),  # noqa: B008 - immutable
        console: Console | None = None,
    ) -> None:
        self._board = Board(parts, time.monotonic)
        self._heading = heading
        self._typed: str | None = None
        self._console = console or Console()
        log_to_stderr(
            log,
            RichHandler(logging.NOTSET, self._console, show_path=False, log_time_format="%H:%M:%S"),
        )
        self._live = Live(console=self._console, auto_refresh=False)

    def start(self) -> None:
        """Take the terminal's last lines."""
        self._live.start()

    def take(self, news: DisplayNews) -> None:
        """Keep the latest of each; show what concerns typing at once."""
        if isinstance(news, Prompt):
            self._typed = news.text
            self.refresh()
        elif isinstance(news, ControlAnswer):
            self._live.console.print(news.text, markup=False, highlight=False)
        elif isinstance(news, Reread):
            self._board.reread(news.parts)
        else:
            self._board.take(news)

    def refresh(self) -> None:
        """Draw the table."""
        self._live.update(self._draw(), refresh=True)

    def close(self) -> None:
        """Draw the last table, and leave it there."""
        self.refresh()
        self._live.stop()

    def _draw(self) -> Group:
        width, height = self._console.size
        is_ascii = self._console.options.ascii_only
        bars = ASCII_BARS if is_ascii else BARS
        lines = drawn(self._board, self._heading, self._prompt(), TerminalSize(width, height, bars))
        for line in lines if is_ascii else ():
            line.plain = line.plain.translate(ASCII)  # of the same length, so styles stay in place
        return Group(*lines)

    def _prompt(self) -> Text | None:
        """Return the line that is being typed, or what could be."""
        if self._typed is None:
            return None
        typed = Text(f"{self._typed}▏") if self._typed else Text(HINT, "dim")
        return Text("> ").append_text(typed)
