"""Values between off and on, which only some outputs can show."""

from collections.abc import Iterable

from edge_agent.blueprint.devices import ResolvedOutput
from edge_agent.blueprint.plans import at_start
from edge_agent.config.config import Config
from edge_agent.problems import Problems
from edge_agent.units import level


def note_levels(config: Config, outputs: Iterable[ResolvedOutput], problems: Problems) -> None:
    """Note each value that an output's driver would round to on."""
    known = {one.name: one for one in outputs}
    for output in known.values():
        _note(f"output.{output.name}.safe", output.settings.safe, output, problems)
        chosen = at_start(output.settings)
        if chosen is not None and output.settings.at_start != "safe":
            _note(f"output.{output.name}.at_start", chosen, output, problems)
    for rule in config.rule:
        for name in rule.set.keys() & known:
            _note(f"rule.{rule.name}.set.{name}", rule.set[name], known[name], problems)


def _note(key: str, value: float | str, output: ResolvedOutput, problems: Problems) -> None:
    number = level(value)
    if 0 < number < 1 and not output.guard.takes(number):
        what = f'{output.settings.driver} is on or off; write "on" or "off", or choose pwm or led'
        problems.note(key, value, what)
