"""How readings and alerts look: for people, line by line, and for scripts."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

import click

from drivers.base.channel import Channel
from edge_agent.events import Alert, Reading, Switched

DisplayNews: TypeAlias = Reading | Alert | Switched
Channels: TypeAlias = Mapping[str, Mapping[str, Channel]]
LOG_FORMAT = "%(levelname)s: %(message)s"


class Display(Protocol):
    """Somewhere to show what is new; belongs to the screen's thread."""

    def start(self) -> None:
        """Take the terminal."""
        ...

    def take(self, news: DisplayNews) -> None:
        """Take one reading, alert or setting of an output."""
        ...

    def refresh(self) -> None:
        """Draw, where drawing is not done at once."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class Lines:
    """One line for each reading and alert: for pipes and journals."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    def start(self) -> None:
        """Do nothing: lines need no place."""

    def take(self, news: DisplayNews) -> None:
        """Print a line."""
        time = datetime.fromtimestamp(news.moment.time / 1e6).astimezone().strftime("%H:%M:%S")
        if isinstance(news, Alert):
            click.echo(f"{time}  {'rule ' + news.rule:<20} {told(news)}")
        elif isinstance(news, Switched):
            click.echo(f"{time}  {'output ' + news.output:<20} {setting(news)}")
        else:
            click.echo(f"{time}  {news.device:<20} {shown(news, self._channels[news.device])}")

    def refresh(self) -> None:
        """Do nothing: every line is out."""

    def close(self) -> None:
        """Do nothing."""


class Nothing(Lines):
    """Shows nothing: what a service writes is its log."""

    def take(self, news: DisplayNews) -> None:
        """Do nothing."""


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


def told(alert: Alert) -> str:
    """Return how a rule stands, with its message."""
    return f"{alert.state} ({alert.severity})" + (f": {alert.message}" if alert.message else "")


def setting(switched: Switched) -> str:
    """Return what an output is set to, and by whom."""
    words = {0.0: "off", 1.0: "on"}
    by = f"{words.get(switched.value, f'{switched.value:g}')} by {switched.by}"
    return f"{by}: {switched.error}" if switched.error else by


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
