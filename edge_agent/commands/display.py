"""What a running agent shows in the terminal: a live table, or lines where nobody can see one."""

import logging
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeAlias

import click

from drivers.channel import Channel
from edge_agent.blueprint import Blueprint
from edge_agent.events import Alert, Reading

Channels: TypeAlias = Mapping[str, Mapping[str, Channel]]
REFRESH_SECONDS = 0.25
LOG_FORMAT = "%(levelname)s: %(message)s"


class Display(Protocol):
    """Somewhere to show what is new; belongs to the screen's thread."""

    def start(self) -> None:
        """Take the terminal."""
        ...

    def take(self, news: Reading | Alert) -> None:
        """Take one reading or alert."""
        ...

    def refresh(self) -> None:
        """Draw, where drawing is not done at once."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class Screen:
    """A thread of its own that shows what `put` gets, so that a slow terminal delays nobody."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._inbox: SimpleQueue[Reading | Alert | None] = SimpleQueue()
        self.put = self._inbox.put
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)

    def start(self) -> None:
        """Begin to show."""
        self._thread.start()

    def close(self) -> None:
        """Show the rest and end."""
        self._inbox.put(None)
        self._thread.join(2)

    def _run(self) -> None:
        self._display.start()
        while self._take_until(time.monotonic() + REFRESH_SECONDS):
            self._display.refresh()
        self._display.close()

    def _take_until(self, deadline: float) -> bool:
        """Take news until the deadline; return whether to go on."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                news = self._inbox.get(timeout=left)
            except Empty:
                break
            if news is None:
                return False
            self._display.take(news)
        return True


class Lines:
    """One line for each reading and alert: for pipes and journals."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    def start(self) -> None:
        """Do nothing: lines need no place."""

    def take(self, news: Reading | Alert) -> None:
        """Print a line."""
        time = datetime.fromtimestamp(news.moment.time / 1e6).astimezone().strftime("%H:%M:%S")
        if isinstance(news, Alert):
            click.echo(f"{time}  {'rule ' + news.rule:<20} {news.state} ({news.severity})")
        else:
            click.echo(f"{time}  {news.device:<20} {shown(news, self._channels[news.device])}")

    def refresh(self) -> None:
        """Do nothing: every line is out."""

    def close(self) -> None:
        """Do nothing."""


class Nothing(Lines):
    """Shows nothing: what a service writes is its log."""

    def take(self, news: Reading | Alert) -> None:
        """Do nothing."""


def open_screen(blueprint: Blueprint, headline: str, *, lines: bool) -> Screen:
    """Return a live table on a terminal that can show one, else `lines` or nothing."""
    channels = {
        device.settings.name: {channel.name: channel for channel in device.channels}
        for device in blueprint.devices
    }
    if sys.stdout.isatty():
        try:
            from edge_agent.commands.table import Table  # noqa: PLC0415 - rich is in [broker]
        except ImportError:
            lines = True
        else:
            return Screen(Table(channels, headline))
    log_to_stderr()
    click.echo(headline)
    return Screen(Lines(channels) if lines else Nothing(channels))


def log_to_stderr(handler: logging.Handler | None = None) -> None:
    """Send the program's log to standard error, where systemd adds the time, or to `handler`."""
    form = "%(message)s" if handler else LOG_FORMAT
    logging.basicConfig(
        level=logging.INFO, format=form, handlers=[handler or logging.StreamHandler()]
    )


def shown(reading: Reading, channels: Mapping[str, Channel]) -> str:
    """Return a reading's values with units, or why there are none."""
    if not reading.values:
        return f"{reading.quality}: {reading.detail}" if reading.detail else reading.quality
    parts = [f"{name} {quantity(value, channels[name])}" for name, value in reading.values.items()]
    return ", ".join([*parts, *(f"{name} {why}" for name, why in reading.refused.items())])


def quantity(value: float, channel: Channel) -> str:
    """Return a value with as many decimals as it is worth, and its unit."""
    if channel.quantity == "binary":
        return "on" if value else "off"
    return f"{value:.{channel.decimals}f} {channel.unit}"


def as_json(reading: Reading) -> dict[str, Any]:
    """Return a reading for scripts."""
    return {
        "device": reading.device,
        "time": reading.moment.time / 1e6,
        "values": reading.values,
        "quality": reading.quality,
        "detail": reading.detail,
    }
