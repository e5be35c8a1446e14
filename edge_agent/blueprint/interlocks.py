"""Interlocks: outputs that exclude each other must exist, and cannot both be on unasked."""

from itertools import combinations

from edge_agent.blueprint.plans import at_start
from edge_agent.config.config import Config
from edge_agent.config.output import OutputSettings
from edge_agent.problems import Problems, unknown
from edge_agent.units import level


def note_interlocks(config: Config, problems: Problems) -> None:
    """Note interlocks that cannot be kept."""
    names = [output.name for output in config.output]
    for output in config.output:
        key = f"output.{output.name}.interlock"
        for other in output.interlock:
            if other == output.name:
                problems.note(key, other, "an output cannot exclude itself")
            elif other not in names:
                problems.note(key, other, unknown(other, names))
    for one, another in combinations(config.output, 2):
        if not _exclude(one, another):
            continue
        if level(one.safe) and level(another.safe):
            what = f"{another.name!r}, which it excludes, is also safe when on"
            problems.note(f"output.{one.name}.safe", one.safe, what)
        elif _first(one) and _first(another):
            what = f"{another.name!r}, which it excludes, is also on at a start"
            problems.note(f"output.{one.name}.at_start", one.at_start, what)


def _first(output: OutputSettings) -> float:
    """Return the value at a first start, when no command is known."""
    chosen = at_start(output)
    return level(output.safe) if chosen is None else chosen


def _exclude(one: OutputSettings, other: OutputSettings) -> bool:
    return other.name in one.interlock or one.name in other.interlock
