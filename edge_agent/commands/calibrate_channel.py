"""The calibration of a channel by known points: asked for or given, computed, written."""

import math
import sys
import time
from functools import partial
from pathlib import Path

import click

from drivers.base.channel import Channel
from drivers.base.driver import Driver, read_parted
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.commands.checked_answers import number_answer
from edge_agent.commands.piped_answers import piped_answers
from edge_agent.commands.rewrite import rewrite
from edge_agent.config.channel_text import channel_lines, with_channel
from edge_agent.config.device import ChannelSettings
from edge_agent.errors import AgentError, ConfigError
from edge_agent.evaluate.refine.known_points import KnownPoint, calibrated, raw
from edge_agent.problems import unknown
from edge_agent.terminal.display import quantity

CONVERTIBLE = {"voltage", "count", "raw"}  # a channel of these may stand for any quantity
MOST = 2  # points
RELOAD = "sudo systemctl reload edge-agent"


class ChannelCalibration:
    """One channel of a configured device; raise ConfigError if it cannot be calibrated."""

    def __init__(
        self, device: ResolvedDevice, channel: str, config: Path, overrides: tuple[str, ...]
    ) -> None:
        self._device = device
        self._config = config
        self._overrides = overrides
        self._name = f"{device.name}.{channel}"
        self._channel = self._found(channel)
        self._settings = device.settings.channel.get(channel, ChannelSettings())
        self._present = device.plan.channels[channel].calibration
        self._converts = self._channel.quantity in CONVERTIBLE
        self._check()

    def by_points(self, given: tuple[str, ...]) -> int:
        """Calibrate by points as the command line has them: `SHOWN=TRUE`."""
        if len(given) > MOST:
            raise self._refusal(f"--point is given {len(given)} times; wanted: once or twice")
        pairs = [self._pair(one) for one in given]
        return self._calibrate(
            tuple(KnownPoint(raw(shown, self._present), true) for shown, true in pairs)
        )

    def by_driver(self, driver: Driver) -> int:
        """Ask for two references, and measure in each."""
        try:
            with piped_answers():
                points = tuple(self._asked(driver, which) for which in ("first", "second"))
        except click.Abort:
            if sys.stdin.isatty():
                raise
            what = "the standard input ends before both references are measured; use --point"
            raise self._refusal(what) from None
        return self._calibrate(points)

    def _found(self, name: str) -> Channel:
        for channel in self._device.channels:
            if channel.name == name:
                return channel
        names = [channel.name for channel in self._device.channels]
        raise self._refusal(unknown(name, names))

    def _check(self) -> None:
        if self._channel.quantity == "binary":
            raise self._refusal("it is on or off: there is nothing to correct")
        if self._present.polynomial:
            what = "it has a polynomial, which two points cannot replace"
            raise self._refusal(f"{what}; write the correction into c0 and c1, or remove it first")

    def _refusal(self, what: str) -> ConfigError:
        return ConfigError((f"{self._config}: {self._name}: {what}",))

    def _pair(self, text: str) -> tuple[float, float]:
        try:
            shown, true = (float(one) for one in text.split("="))
        except ValueError:
            shown = true = math.nan
        if not (math.isfinite(shown) and math.isfinite(true)):
            what = f"--point {text}: wanted: SHOWN=TRUE, two numbers such as 20.4=20.0"
            raise self._refusal(what)
        return shown, true

    def _asked(self, driver: Driver, which: str) -> KnownPoint:
        unit = self._channel.unit
        question = f"True value of the {which} reference, in {unit}"
        true = click.prompt(question, value_proc=number_answer, err=True)
        wait = "Press Enter when the sensor is in it and steady"
        click.prompt(wait, default="", show_default=False, err=True)
        measured = self._measured(driver)
        click.echo(f"measured: {quantity(self._present.apply(measured), self._channel)}", err=True)
        return KnownPoint(measured, true)

    def _measured(self, driver: Driver) -> float:
        parted = read_parted(driver, time.sleep)
        name = self._channel.name
        if name in parted.refused:
            raise parted.refused[name]
        return parted.values[name]

    def _calibrate(self, points: tuple[KnownPoint, ...]) -> int:
        self._check_range(points)
        try:
            fresh = calibrated(points, self._present, converts=self._converts)
        except ValueError as error:
            raise self._refusal(str(error)) from None
        numbers = {"offset": fresh.offset}
        if len(points) > 1:
            numbers = {"scale": fresh.scale, **numbers, **self._range(fresh.scale)}
        self._write(numbers)
        return 0

    def _check_range(self, points: tuple[KnownPoint, ...]) -> None:
        low, high = self._channel.low, self._channel.high
        for point in points:
            if not (self._converts or low <= point.true <= high):
                what = f"the true value {point.true:g} is outside what it measures"
                raise self._refusal(f"{what}, {low:g} to {high:g} {self._channel.unit}")

    def _range(self, scale: float) -> dict[str, float]:
        """Return the datasheet's range, which a channel with a scale has only if it is written."""
        if self._converts or self._present.scale != 1 or scale == 1:
            return {}
        datasheet = {"low": self._channel.low, "high": self._channel.high}
        return {
            key: float(limit)
            for key, limit in datasheet.items()
            if getattr(self._settings, key) is None and math.isfinite(limit)
        }

    def _write(self, numbers: dict[str, float]) -> None:
        change = partial(
            with_channel, device=self._device.name, channel=self._channel.name, numbers=numbers
        )
        try:
            rewrite(self._config, change, self._overrides)
        except ConfigError:
            raise
        except AgentError as error:
            click.echo("\n".join(channel_lines(self._channel.name, numbers)))
            what = f"{error}; not written: paste the lines below the table of {self._device.name}"
            raise AgentError(what) from None
        said = ", ".join(f"{key} = {number:g}" for key, number in numbers.items())
        present = f"scale = {self._present.scale:g}, offset = {self._present.offset:g}"
        click.echo(f"{self._name}: {said} (before: {present})")
        click.echo(f"{self._config}: written; it passes `edge-agent check`. To use it: {RELOAD}")
