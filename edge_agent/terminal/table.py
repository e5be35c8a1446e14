"""The live table of a terminal (rich, extra `[broker]`): latest values, their age, and alerts."""

import logging
import time
from typing import ClassVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.logging import RichHandler
from rich.table import Table as Grid
from rich.text import Text

from edge_agent.events import Alert, Reading, Switched
from edge_agent.terminal.display import (
    Channels,
    ControlAnswer,
    DisplayNews,
    Prompt,
    Reread,
    alert_text,
    output_text,
    quantity,
)
from edge_agent.terminal.log_lines import LogChoice, log_to_stderr

HINT = "type help, or for example: set air.temperature 31"
STYLES = {"firing": "bold red", "pending": "yellow", "resolved": "green"}


class LiveTable:
    """Redraws itself four times a second, below the log's lines."""

    redraws: ClassVar[bool] = True

    def __init__(
        self,
        channels: Channels,
        heading: tuple[str, ...],
        log: LogChoice = LogChoice(),  # noqa: B008 - immutable
    ) -> None:
        self._channels = channels
        self._fixed = heading
        self._readings: dict[str, tuple[Reading, float]] = {}
        self._alerts: dict[str, Alert] = {}
        self._outputs: dict[str, Switched] = {}
        self._typed: str | None = None
        console = Console()
        log_to_stderr(
            log,
            RichHandler(logging.NOTSET, console, show_path=False, log_time_format="%H:%M:%S"),
        )
        self._live = Live(console=console, auto_refresh=False)

    def start(self) -> None:
        """Take the terminal's last lines."""
        self._live.start()

    def take(self, news: DisplayNews) -> None:
        """Keep the latest of each; show what concerns typing at once."""
        if isinstance(news, Alert):
            self._alerts[news.rule] = news
        elif isinstance(news, Switched):
            self._outputs[news.output] = news
        elif isinstance(news, Prompt):
            self._typed = news.text
            self.refresh()
        elif isinstance(news, ControlAnswer):
            self._live.console.print(news.text, markup=False, highlight=False)
        elif isinstance(news, Reread):
            self._channels = {**self._channels, **news.channels}
        else:
            self._readings[news.device] = (news, time.monotonic())

    def refresh(self) -> None:
        """Draw the table."""
        self._live.update(self._draw(), refresh=True)

    def close(self) -> None:
        """Draw the last table, and leave it there."""
        self.refresh()
        self._live.stop()

    def _draw(self) -> RenderableType:
        grid = Grid(box=None, padding=(0, 2), header_style="dim")
        for title, justify in (("device", "left"), ("channel", "left"), ("value", "right")):
            grid.add_column(title, justify=justify)  # type: ignore[arg-type]
        grid.add_column("age", justify="right", style="dim")
        for device in self._channels:
            self._add_device(grid, device)
        alerts = [
            Text(f"{a.rule}: {alert_text(a)}", STYLES.get(a.state, ""))
            for a in self._alerts.values()
        ]
        outputs = [Text(f"{o.output}: {output_text(o)}") for o in self._outputs.values()]
        return Group(*self._heading(), Text(), grid, Text(), *outputs, *alerts)

    def _heading(self) -> list[Text]:
        """Return the lines above the table: what does not fit the terminal is cut below."""
        heading = [Text(line, "bold") for line in self._fixed]
        if self._typed is not None:
            typed = Text(f"{self._typed}▏") if self._typed else Text(HINT, "dim")
            heading.append(Text("> ").append_text(typed))
        return heading

    def _add_device(self, grid: Grid, device: str) -> None:
        reading, at = self._readings.get(device, (None, 0.0))
        age = f"{time.monotonic() - at:.0f} s" if reading else ""
        if reading is None or not reading.values:
            quality = Text(reading.quality if reading else "…", "red" if reading else "dim")
            grid.add_row(device, "", quality, age)
            return
        name = device
        for channel in self._channels[device].values():
            value = reading.values.get(channel.name)
            text = (
                Text(quantity(value, channel), "cyan")
                if value is not None
                else Text(reading.refused.get(channel.name, reading.quality), "red")
            )
            grid.add_row(name, channel.name, text, age)
            name = age = ""
