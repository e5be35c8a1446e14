"""`edge-agent check --events`: whether the events in a log keep their contracts."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from edge_agent.commands.open_log import opened_log, path_of_log
from edge_agent.config.reader import load
from edge_agent.deliver.envelope import Envelope
from edge_agent.schema.validation import validate
from edge_agent.store.reader import LogReader
from edge_agent.terminal.wrapping import say

SHOWN = 10  # problems
REMEDY = "`edge-agent schema list` names the contracts; please report an event that breaks one"


class CheckedEvents(NamedTuple):
    """How many events of each kind a log holds, how many are wrong, and the first problems."""

    log: str
    events: Counter[str]
    wrong: int
    problems: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return self._asdict()


def check_events(
    config: Path, overrides: tuple[str, ...], *, simulated: bool, as_json: bool
) -> int:
    """Check the log of a configuration, and print the result; return the exit code."""
    settings = load(config, overrides)
    with opened_log(path_of_log(settings, config, simulated=simulated), LogReader) as reader:
        found = examine(reader, settings.node)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        _print(found)
    return 1 if found.wrong else 0


def examine(reader: LogReader, node: str) -> CheckedEvents:
    """Check every event in a log, as it is delivered."""
    envelope = Envelope(node, reader.id)
    events, wrong = Counter[str](), 0
    problems: list[str] = []
    for event in reader.events_after(0):
        events[event.kind] += 1
        try:
            validate(msgspec.json.decode(envelope.encode(event)))
        except (ValueError, RecursionError) as error:
            wrong += 1
            if len(problems) < SHOWN:
                problems.append(f"event {event.offset} of {event.source}: {error}")
    return CheckedEvents(reader.id, events, wrong, problems)


def _print(found: CheckedEvents) -> None:
    total = found.events.total()
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.events.most_common())
    log = f"log {found.log}: {total:,} events{f' ({counts})' if counts else ''}"
    if not found.wrong:
        click.echo(f"{log}: no problems")
        return
    for problem in found.problems:
        say(problem)
    if found.wrong > len(found.problems):
        say(f"and {found.wrong - len(found.problems):,} more")
    breaks = "breaks its" if found.wrong == 1 else "break their"
    say(f"{log}: {found.wrong:,} {breaks} contract; {REMEDY}")
