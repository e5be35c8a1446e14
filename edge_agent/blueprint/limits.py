"""Values that are well-formed, but out of range or in conflict with another one."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge_agent.blueprint.plans import at_start
from edge_agent.config.config import Config
from edge_agent.config.device import ChannelSettings
from edge_agent.config.output import OutputSettings
from edge_agent.paths import expanded, unset_variable
from edge_agent.problems import Problems
from edge_agent.toml_text import shown
from edge_agent.units import level

# A relative path begins at the folder of the configuration, and so may each of these.
FOREIGN = {
    re.compile(r"(^|/)[A-Za-z]:[\\/]"): "a path of Windows",
    re.compile(r"(^|/)[A-Za-z][A-Za-z0-9+]+:/"): "a URL, not a path",
    re.compile(r"(^|/)%[A-Za-z]/"): "only systemd fills in %, in its own files",
    re.compile(r"(^|/):memory:$"): "memory, which a power cut empties",
    re.compile(r"[\x00-\x1f]"): "a control character is in it",
}


class Limit(NamedTuple):
    """A key's value and its range, in numbers and in words."""

    key: str
    value: float
    low: float
    high: float
    words: str


def note_limits(config: Config, problems: Problems) -> None:
    """Note values out of range, and settings that contradict each other."""
    for limit in _limits(config):
        if not limit.low <= limit.value <= limit.high:
            problems.note(limit.key, limit.value, f"out of range; wanted: {limit.words}")
    if len(set(config.aggregates.windows)) < len(config.aggregates.windows):
        problems.note("aggregates.windows", config.aggregates.windows, "write each length once")
    _note_log_path(config.log.path, problems)
    for output in config.output:
        if output.max_on and (key := _endless(output)):
            what = f"max_on would end the {key} state; remove one of them"
            problems.note(f"output.{output.name}.max_on", output.max_on, what)
        if 0 < output.max_on < output.min_on:
            what = f"longer than max_on = {shown(output.max_on)}; lower it"
            problems.note(f"output.{output.name}.min_on", output.min_on, what)
    for device in config.device:
        for name, channel in device.channel.items():
            _note_contradictions(f"device.{device.name}.channel.{name}.", channel, problems)


def _endless(output: OutputSettings) -> str:
    """Return which key keeps an output on without a rule or a command; "" if none does."""
    return "safe" if level(output.safe) else "at_start" if at_start(output) else ""


def _note_log_path(path: str, problems: Problems) -> None:
    place = Path(expanded(path))
    if unset := unset_variable(path):
        what = f"the variable {unset} is not set; set it, or write the path itself"
    elif path and not place.is_absolute():
        what = "there is no such home directory; write the path itself"
    elif foreign := next((what for one, what in FOREIGN.items() if one.search(path)), ""):
        what = f"{foreign}; write a path such as /var/lib/edge-agent/events.db"
    elif path and os.path.isdir(place):  # noqa: PTH112 - False for a path that is too long
        what = "a directory; name a file in it"
    else:
        return
    problems.note("log.path", path, what)


def _limits(config: Config) -> Iterator[Limit]:
    infinite = float("inf")
    for window in config.aggregates.windows:
        words = "1m to 1d, dividing a day evenly, such as 1m, 15m, 1h"
        longest = 86400 if window and 86400 % window == 0 else 0
        yield Limit("aggregates.windows", window, 60, longest, words)
    for rule in config.rule:
        yield Limit(f"rule.{rule.name}.repeat", rule.repeat or 60, 60, infinite, 'at least "1m"')
    for output in config.output:
        for name, number in (("safe", level(output.safe)), ("at_start", at_start(output) or 0)):
            yield Limit(f"output.{output.name}.{name}", number, 0, 1, '"on", "off", 0 to 1')
    for rule in config.rule:
        for output_name, value in rule.set.items():
            key = f"rule.{rule.name}.set.{output_name}"
            yield Limit(key, level(value), 0, 1, '"on", "off", or 0 to 1 if it can be dimmed')


def _note_contradictions(key: str, channel: ChannelSettings, problems: Problems) -> None:
    if channel.scale == 0:
        problems.note(key + "scale", channel.scale, "every value would be the offset; remove it")
    if channel.low is not None and channel.high is not None and channel.low >= channel.high:
        problems.note(key + "low", channel.low, f"not below high = {channel.high:g}; swap them")
    if channel.polynomial and (channel.scale != 1 or channel.offset):
        problems.note(
            key + "polynomial",
            list(channel.polynomial),
            "replaces scale and offset; write them into c1 and c0",
        )
