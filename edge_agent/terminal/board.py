"""What the live table knows: the latest of every device, output and rule."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rich.text import Text

from drivers.base.channel import Channel
from edge_agent.event_text import alert_text, output_text
from edge_agent.events import Alert, Reading, Switched
from edge_agent.terminal.display import Parts, quantity
from edge_agent.terminal.sparkline import RecentValues

STYLES = {"firing": "bold red", "pending": "yellow", "resolved": "green", "inactive": "dim"}
NOTHING = "…"  # there was no reading yet


class ValueRow(NamedTuple):
    """A channel: what stands in the columns, and the course of its value."""

    device: str
    channel: str
    value: Text
    age: str
    recent: RecentValues


class Board:
    """Keeps the latest of each; `monotonic` returns the seconds that ages are counted in."""

    def __init__(self, parts: Parts, monotonic: Callable[[], float]) -> None:
        self._parts = parts
        self._monotonic = monotonic
        self._readings: dict[str, tuple[Reading, float]] = {}
        self._recent: dict[tuple[str, str], RecentValues] = {}
        self._alerts: dict[str, Alert] = {}
        self._outputs: dict[str, Switched] = {}

    def take(self, news: Reading | Alert | Switched) -> None:
        """Keep what is new."""
        if isinstance(news, Alert):
            self._alerts[news.rule] = news
        elif isinstance(news, Switched):
            self._outputs[news.output] = news
        else:
            now = self._monotonic()
            self._readings[news.device] = (news, now)
            for channel in self._parts.channels.get(news.device, ()):
                self._recent_of(news.device, channel).add(news.values.get(channel), now)

    def reread(self, parts: Parts) -> None:
        """Show what a configuration has that was read again."""
        self._parts = parts

    @property
    def now(self) -> float:
        """The time that ages and courses end with."""
        return self._monotonic()

    def values(self) -> Iterator[ValueRow]:
        """Yield a row for every channel, by device; the name of a device stands once."""
        for device, channels in self._parts.channels.items():
            reading, at = self._readings.get(device, (None, 0.0))
            name, age = device, f"{self.now - at:.0f} s" if reading else ""
            for channel in channels.values():
                value = _value(reading, channel)
                recent = self._recent_of(device, channel.name)
                yield ValueRow(name, channel.name, value, age, recent)
                name = age = ""

    def outputs(self, *, short: bool = False) -> list[Text]:
        """Return a text for every output; a short one says only on, off or how much."""
        return [self._output(name, short=short) for name in self._parts.outputs]

    def rules(self, *, short: bool = False) -> list[Text]:
        """Return a text for every rule; a short one is only its state."""
        return [self._rule(name, short=short) for name in self._parts.rules]

    def _output(self, name: str, *, short: bool) -> Text:
        switched = self._outputs.get(name)
        shown = output_text(switched) if switched else NOTHING
        style = "" if switched and switched.value else "dim"
        return Text(f"{name} {shown.split(' ')[0] if short else shown}", style)

    def _rule(self, name: str, *, short: bool) -> Text:
        alert = self._alerts.get(name)
        state = alert.state if alert else "inactive"
        shown = state if alert is None or short else alert_text(alert)
        return Text(f"{name} {shown}", STYLES.get(state, ""))

    def _recent_of(self, device: str, channel: str) -> RecentValues:
        return self._recent.setdefault((device, channel), RecentValues())


def _value(reading: Reading | None, channel: Channel) -> Text:
    """Return a channel's value, or why it has none."""
    if reading is None:
        return Text(NOTHING, "dim")
    if channel.name in reading.values:
        return Text(quantity(reading.values[channel.name], channel), "cyan")
    return Text(reading.refused.get(channel.name, reading.quality).replace("_", " "), "red")
