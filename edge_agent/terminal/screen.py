"""What a running agent shows in the terminal: a live table, or lines if it cannot show one."""

import logging
import sys
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

import click

from edge_agent.blueprint import Blueprint
from edge_agent.terminal.display import (
    Display,
    DisplayNews,
    Lines,
    Parts,
)
from edge_agent.terminal.log_lines import LogChoice, log_to_stderr

REFRESH_SECONDS = 0.25

_logger = logging.getLogger(__name__)


class Screen(Protocol):
    """Takes what a running agent shows, from any thread."""

    redraws: bool  # whether it uses the terminal's last lines

    def put(self, news: DisplayNews) -> None:
        """Show news, or nothing."""
        ...

    def start(self) -> None:
        """Start showing."""
        ...

    def close(self) -> None:
        """Show what is left, and end."""
        ...


class NoScreen:
    """Shows nothing, and wakes no thread for it: a service writes only its log."""

    redraws = False

    def put(self, news: DisplayNews) -> None:
        """Do nothing."""

    def start(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TerminalScreen:
    """A thread that shows what `put` receives, so that a slow terminal delays no other thread."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._inbox: SimpleQueue[DisplayNews | None] = SimpleQueue()
        self.redraws = display.redraws
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)

    def put(self, news: DisplayNews) -> None:
        """Hand news to the thread."""
        self._inbox.put(news)

    def start(self) -> None:
        """Start showing."""
        self._thread.start()

    def close(self) -> None:
        """Show what is left, and end the thread."""
        self._inbox.put(None)
        self._thread.join(2)

    def _run(self) -> None:
        try:
            self._show()
        except (OSError, ValueError):  # the terminal or the pipe is gone, the agent is not
            while self._inbox.get() is not None:
                pass

    def _show(self) -> None:
        self._display.start()
        while self._take_until(time.monotonic() + REFRESH_SECONDS):
            self._display.refresh()
        self._display.close()

    def _take_until(self, deadline: float) -> bool:
        """Take news until the deadline; return whether to continue."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                news = self._inbox.get(timeout=left)
            except Empty:
                break
            if news is None:
                return False
            self._display.take(news)
        return True


def parts_of(blueprint: Blueprint) -> Parts:
    """Return what a screen shows of a blueprint."""
    channels = {
        device.name: {channel.name: channel for channel in device.channels}
        for device in blueprint.devices
    }
    outputs = tuple(output.name for output in blueprint.outputs)
    return Parts(channels, outputs, tuple(rule.name for rule in blueprint.rules))


def open_screen(
    blueprint: Blueprint, heading: tuple[str, ...], log: LogChoice, *, lines: bool
) -> Screen:
    """Return a live table if the terminal can show one, otherwise `lines` or nothing.

    A log that programs read has no table around it.
    """
    parts = parts_of(blueprint)
    if sys.stdout.isatty() and log.form == "text":
        try:
            from edge_agent.terminal.table import LiveTable  # noqa: PLC0415 - rich is in [demo]
        except ImportError:
            lines = True
        else:
            return TerminalScreen(LiveTable(parts, heading, log))
    log_to_stderr(log)
    with suppress(OSError):  # a closed pipe or a full disk does not stop an agent
        click.echo("; ".join(heading)) if log.form == "text" else _logger.info("; ".join(heading))
    return TerminalScreen(Lines(parts.channels)) if lines else NoScreen()
