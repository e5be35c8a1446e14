"""Rules, parsed against the configured channels and outputs."""

from collections.abc import Iterable, Mapping
from keyword import iskeyword
from typing import Literal

from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.config.config import Config
from edge_agent.config.rule import RuleSettings
from edge_agent.errors import ConfigError, pieces
from edge_agent.evaluate.expressions.expression import Expression, Known
from edge_agent.evaluate.expressions.literals import RESERVED
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.rules.alert_text import AlertText, parse_alert_text
from edge_agent.evaluate.rules.contradictions import contradictions
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.problems import Problems, unknown
from edge_agent.units import level

OUTPUT = Known("binary", 0.0, 1.0)


def resolve_rules(
    config: Config, devices: Iterable[ResolvedDevice], problems: Problems
) -> tuple[Rule, ...]:
    """Return the rules that have no problems, in the configuration's order."""
    resolved = tuple(devices)
    known = dict(pair for device in resolved for pair in _known(device))
    outputs = {output.name for output in config.output} | problems.entries("output")
    known |= dict.fromkeys(outputs, OUTPUT)
    broken = problems.entries("device") - {one.name for one in resolved}
    resolver = RuleResolver(known, broken, problems)
    for rule in config.rule:
        _note_outputs(rule, outputs, problems)
    rules = (resolver.rule(rule) for rule in config.rule)
    return tuple(rule for rule in rules if rule is not None)


def _known(device: ResolvedDevice) -> Iterable[tuple[str, Known]]:
    plan = device.plan
    for channel in device.channels:
        limits = plan.channels[channel.name].limits
        kind: Literal["numeric", "binary"] = "binary" if channel.quantity == "binary" else "numeric"
        yield (
            f"{device.name}.{channel.name}",
            Known(
                kind,
                limits.low,
                limits.high,
                unit=channel.unit,
                every=device.settings.every,
                max_age=plan.max_age,
            ),
        )


def _note_outputs(rule: RuleSettings, outputs: set[str], problems: Problems) -> None:
    for name in rule.set.keys() - outputs:
        what = unknown(name, outputs) if outputs else f"no [[output]] has the name {name!r}; add it"
        problems.note(f"rule.{rule.name}.set.{name}", rule.set[name], what)


def _is_word(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)


class RuleResolver:
    """Parses each rule against `known` names; problems of `broken` devices are noted already."""

    def __init__(self, known: Mapping[str, Known], broken: set[str], problems: Problems) -> None:
        self._known = known
        self._broken = broken
        self._problems = problems

    def rule(self, settings: RuleSettings) -> Rule | None:
        """Return the rule, if it has no problems."""
        key = f"rule.{settings.name}."
        known = {**self._known, **self._thresholds(settings, key)}
        when = self._parsed(key + "when", settings.when, known)
        clear = self._parsed(key + "clear", settings.clear, known) if settings.clear else None
        message = self._message(key + "message", settings.message, known)
        if when is None or (settings.clear and clear is None):
            return None
        rule = Rule(
            settings.name,
            when,
            clear,
            hold=settings.hold,
            severity=settings.severity,
            settings={output: level(value) for output, value in settings.set.items()},
            keep=settings.keep,
            repeat=settings.repeat,
            storm=settings.storm,
            message=message,
            thresholds={name: one.value for name, one in settings.threshold.items()},
        )
        self._note_contradictions(rule, settings)
        return rule

    def _note_contradictions(self, rule: Rule, settings: RuleSettings) -> None:
        key = f"rule.{rule.name}."
        for one in contradictions(rule):
            self._problems.note(key + one.key, one.value, one.what)
        for name in settings.set.keys() & rule.inputs:
            self._problems.note(f"{key}set.{name}", settings.set[name], "this rule depends on it")
        for name in settings.threshold:
            if f"{rule.name}:{name}" not in rule.inputs:
                what = "not used; write the name in place of the number in `when`, or remove it"
                self._problems.add(f"{key}threshold.{name}: {what}")

    def _thresholds(self, settings: RuleSettings, key: str) -> dict[str, Known]:
        """Return the rule's thresholds; note those outside their own bounds."""
        for name, one in settings.threshold.items():
            if one.low > one.high:
                what = f"above high = {one.high:g}; swap them"
                self._problems.note(f"{key}threshold.{name}.low", one.low, what)
            elif not one.low <= one.value <= one.high:
                where = f"{key}threshold.{name}.value"
                self._problems.note(where, one.value, f"not within {one.low:g} to {one.high:g}")
            if name in self._known or name in RESERVED or not _is_word(name):
                what = "the name is taken or not a word; choose another"
                self._problems.add(f"{key}threshold.{name}: {what}")
        return {
            name: Known("numeric", one.low, one.high, key=f"{settings.name}:{name}")
            for name, one in settings.threshold.items()
        }

    def _message(self, key: str, text: str, known: Mapping[str, Known]) -> AlertText | None:
        try:
            return parse_alert_text(text, known) if text else None
        except ConfigError as error:
            for line, offset in pieces(error):
                self._problems.note(key, text, line, offset=offset)
            return None

    def _parsed(self, key: str, text: str, known: Mapping[str, Known]) -> Expression | None:
        try:
            return parse(text, known)
        except ConfigError as error:
            for line, offset in pieces(error):
                if not any(f"{name}." in line for name in self._broken):  # reported with its device
                    self._problems.note(key, text, line, offset=offset)
            return None
