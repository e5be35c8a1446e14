"""How readings, alerts and outputs are shown: to people, line by line, and to scripts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

import click

from drivers.base.channel import Channel
from edge_agent.clock import rfc3339
from edge_agent.event_text import alert_text, exact, output_text
from edge_agent.events import Alert, Reading, Switched

Channels: TypeAlias = Mapping[str, Mapping[str, Channel]]


class Prompt(NamedTuple):
    """What has been typed of a line so far."""

    text: str


class ControlAnswer(NamedTuple):
    """The answer to a line that was typed."""

    text: str


class Parts(NamedTuple):
    """What a configuration has to show: the channels of each device, outputs and rules by name."""

    channels: Channels
    outputs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class Reread(NamedTuple):
    """A configuration that was read again."""

    parts: Parts


DisplayNews: TypeAlias = Reading | Alert | Switched | Prompt | ControlAnswer | Reread


class Display(Protocol):
    """Shows what is new; the screen's thread alone uses it."""

    redraws: ClassVar[bool]  # whether it uses the terminal's last lines

    def start(self) -> None:
        """Prepare the terminal."""
        ...

    def take(self, news: DisplayNews) -> None:
        """Take what is new, such as a reading, an alert or an answer."""
        ...

    def refresh(self) -> None:
        """Draw, if `take` does not."""
        ...

    def close(self) -> None:
        """Restore the terminal."""
        ...


class Lines:
    """One line for each reading and alert: for pipes and journals."""

    redraws: ClassVar[bool] = False

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    def start(self) -> None:
        """Do nothing: lines need no preparation."""

    def take(self, news: DisplayNews) -> None:
        """Print a line, or an answer; a prompt is the terminal's own."""
        if isinstance(news, ControlAnswer):
            click.echo(news.text)
        elif isinstance(news, Reread):
            self._channels = {**self._channels, **news.parts.channels}
        elif not isinstance(news, Prompt):
            click.echo(self._line(news))

    def _line(self, news: Reading | Alert | Switched) -> str:
        time = datetime.fromtimestamp(news.moment.time / 1e6).astimezone().strftime("%H:%M:%S")
        if isinstance(news, Alert):
            return f"{time}  {'rule ' + news.rule:<20} {alert_text(news)}"
        if isinstance(news, Switched):
            return f"{time}  {'output ' + news.output:<20} {output_text(news)}"
        channels = self._channels.get(news.device, {})
        return f"{time}  {news.device:<20} {reading_text(news, channels)}"

    def refresh(self) -> None:
        """Do nothing: every line is printed already."""

    def close(self) -> None:
        """Do nothing."""


def reading_text(reading: Reading, channels: Mapping[str, Channel]) -> str:
    """Return a reading's values with units, or why there are none."""
    if not reading.values:
        return f"{reading.quality}: {exact(reading.detail)}" if reading.detail else reading.quality
    parts = [
        f"{name} {quantity(value, channels[name]) if name in channels else value}"
        for name, value in reading.values.items()
    ]
    return ", ".join([*parts, *(f"{name} {why}" for name, why in reading.refused.items())])


def quantity(value: float, channel: Channel) -> str:
    """Return a value with the decimals of its channel, and its unit."""
    if channel.quantity == "binary":
        return "on" if value else "off"
    return f"{value:.{channel.decimals}f} {channel.unit}"


def as_json(reading: Reading) -> dict[str, Any]:
    """Return a reading for scripts."""
    return {
        "device": reading.device,
        "time": rfc3339(reading.moment.time),
        "values": reading.values,
        "quality": reading.quality,
        "detail": reading.detail,
    }
