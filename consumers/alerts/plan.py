"""From a file of fleet rules to checked rules; every mistake is named with its line."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consumers.alerts.expression import ConditionParser, FleetCondition
from consumers.alerts.fleet_rule import FleetRule, NameSelection
from consumers.alerts.fleet_text import FleetText
from consumers.alerts.settings import (
    FleetChannelSettings,
    FleetNotifySettings,
    FleetRuleSettings,
    FleetSettings,
)
from edge_agent.config.locations import TomlLocations
from edge_agent.config.reader import TableReader
from edge_agent.config.source import parse, representable
from edge_agent.errors import ConfigError, pieces
from edge_agent.evaluate.expressions.expression import Known, Span
from edge_agent.evaluate.rules.contradictions import contradictions
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.problems import Problems

BUILT_IN = "builtin.toml"
UNIT = re.compile(r"\d ?[°%Ωµ]")


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """The checked content of a file; `max_age` returns µs, by a channel without its node."""

    rules: tuple[FleetRule, ...]
    expected: tuple[str, ...]
    lateness: int
    max_age: Callable[[str], int]
    notify: tuple[FleetNotifySettings, ...]

    @property
    def spans(self) -> Mapping[str, set[Span]]:
        """The windows that rules use of channels, by the node, under "" those of every node."""
        found: dict[str, set[Span]] = {}
        for rule in self.rules:
            conditions = [(rule.names, rule.spans)]
            conditions += [
                (one.condition.names, one.condition.expression.spans)
                for one in rule.names.quantified.values()
            ]
            for names, spans in conditions:
                for span in spans:
                    channel = names.channels[span.channel]
                    own = found.setdefault(channel.node, set())
                    own.add(span._replace(channel=channel.channel))
        return found


CheckTarget: TypeAlias = Callable[[FleetNotifySettings], Iterable[tuple[str, str]]]


def load_plan(path: Path, check_target: CheckTarget = lambda _: ()) -> FleetPlan:
    """Return what a file says; raise ConfigError with all that is wrong.

    `check_target` yields what is wrong with a target of notifications.
    """
    if not path.exists():
        what = "no such file; start from examples/fleet-alerts.toml"
        raise ConfigError((f"{path}: {what}",))
    source = parse(path)
    problems = Problems(TomlLocations(source))
    tables = representable(source.tables, problems)
    settings = TableReader(problems).table(FleetSettings, tables) or FleetSettings()
    plan = PlanResolver(settings, problems).plan()
    for one in settings.notify:
        for key, what in check_target(one):
            said = what if what.startswith(key) else f"{key}: {what}"
            problems.add(f"notify.{one.name}.{said}")
    if problems.lines:
        raise ConfigError(problems.lines)
    return plan


class PlanResolver:
    """Checks settings, and notes what is wrong with them."""

    def __init__(self, settings: FleetSettings, problems: Problems) -> None:
        self._settings = settings
        self._problems = problems
        self._declared = {one.name: self._known(one) for one in settings.channel}
        self._default = Known(max_age=settings.max_age)
        self._parser = ConditionParser(self._declared, self._default, self._zone())

    def plan(self) -> FleetPlan:
        """Return the plan, without the rules that have problems."""
        self._note_repeated_names()
        rules = [self._rule(one) for one in (*self._settings.rule, *self._built_in())]
        return FleetPlan(
            tuple(rule for rule in rules if rule),
            self._settings.nodes,
            round(self._settings.lateness * 1e6),
            self.max_age,
            self._settings.notify,
        )

    def max_age(self, channel: str) -> int:
        """Return for how many µs a value of a channel stays current."""
        return round(self._parser.known(channel).max_age * 1e6)

    def _built_in(self) -> Iterator[FleetRuleSettings]:
        """Yield the built-in rules that are in force, and that the file does not replace."""
        text = files("consumers.alerts").joinpath(BUILT_IN).read_text(encoding="utf-8")
        reader = TableReader(self._problems)
        own = {one.name for one in self._settings.rule}
        found = reader.table(FleetSettings, tomllib.loads(text)) or FleetSettings()
        wanted = set(self._settings.builtin) - own
        return (one for one in found.rule if one.name in wanted)

    def _rule(self, settings: FleetRuleSettings) -> FleetRule | None:
        key = f"rule.{settings.name}."
        when = self._condition(key + "when", settings.when)
        clear = self._condition(key + "clear", settings.clear) if settings.clear else None
        if when is None or (settings.clear and clear is None):
            return None
        names = when.names.joined(clear.names) if clear else when.names
        if names.per_node != when.names.per_node:
            self._problems.note(key + "clear", settings.clear, "is about any(node), unlike when")
        own = {one.channel if not one.node else piece for piece, one in names.channels.items()}
        rule = Rule(
            settings.name,
            when.expression,
            clear.expression if clear else None,
            hold=settings.hold,
            severity=settings.severity,
            keep=settings.keep,
            repeat=settings.repeat,
            storm=settings.storm,
        )
        for one in contradictions(rule):
            self._problems.note(key + one.key, one.value, one.what)
        text = self._text(key + "message", settings.message, own)
        return FleetRule(rule, names, NameSelection(settings.nodes), text)

    def _condition(self, key: str, text: str) -> FleetCondition | None:
        try:
            return self._parser.condition(text)
        except ConfigError as error:
            unit = "; declare the unit in [[channel]]" if UNIT.search(text) else ""
            for line, offset in pieces(error):
                self._problems.note(key, text, line + unit, offset=offset)
            return None

    def _text(self, key: str, text: str, known: set[str]) -> FleetText | None:
        try:
            return FleetText(text, known) if text else None
        except ConfigError as error:
            for line, offset in pieces(error):
                what = f"{line} of this rule's conditions, or {{node}}"
                self._problems.note(key, text, what, offset=offset)
            return None

    def _known(self, settings: FleetChannelSettings) -> Known:
        max_age = self._settings.max_age if settings.max_age is None else settings.max_age
        if settings.kind == "binary":
            return Known("binary", 0.0, 1.0, max_age=max_age)
        return Known(unit=settings.unit, max_age=max_age)

    def _zone(self) -> tzinfo | None:
        name = self._settings.zone
        try:
            return ZoneInfo(name) if name else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._problems.note("zone", name, 'unknown; write one such as "Europe/Berlin"')
            return None

    def _note_repeated_names(self) -> None:
        for table, entries in (
            ("rule", self._settings.rule),
            ("channel", self._settings.channel),
            ("notify", self._settings.notify),
        ):
            names = [one.name for one in entries]
            for name in sorted({one for one in names if names.count(one) > 1}):
                self._problems.note(f"{table}.{name}.name", name, "given twice; choose another")
