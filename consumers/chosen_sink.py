"""A sink of the catalog, by its URL and the options of its kind."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from edge_agent.clock import SystemClock
from edge_agent.config.locations import TomlLocations, TomlText
from edge_agent.config.reader import TableReader, Where
from edge_agent.config.source import parse
from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import Sink, SinkContext, SinkPlan, SinkType
from edge_agent.errors import ConfigError
from edge_agent.problems import Locations, Problems

LARGEST_BATCH = 1000  # events of one message
LOG_ID = "none"  # every event has its own


class SinkIdentity(NamedTuple):
    """Who delivers: `node` and `aside` make an id at the bus that no other client has."""

    name: str
    node: str
    aside: str


class ChosenOptions(NamedTuple):
    """The options of a sink as given, and where each is written."""

    options: dict[str, Any]
    locations: Locations


def sink_at(
    url: str,
    chosen: ChosenOptions,
    identity: SinkIdentity,
    stopping: Callable[[], bool],
    died: Callable[[str], None],
) -> Sink:
    """Return the sink, not yet open; raise AgentError if that is not possible."""
    kind = load_sink_type(scheme_of(url))
    plan = _plan(kind, url, chosen, identity)
    clock = SystemClock()
    context = SinkContext.apart(identity.node, LOG_ID, stopping)
    delivering = context._replace(died=died, trusted=lambda: clock.now().trusted)
    return kind.build(plan, delivering)


def _plan(
    kind: SinkType[Any], url: str, chosen: ChosenOptions, identity: SinkIdentity
) -> SinkPlan[Any]:
    problems = Problems(chosen.locations)
    options = dict(chosen.options)
    most = _max_batch(options.pop("max_batch", 1), problems)
    read = TableReader(problems).table(kind.options, options, Where("", "sink"))
    if read is None or problems.lines:
        raise ConfigError(problems.lines)
    plan: SinkPlan[Any] = SinkPlan(
        identity.name, (url,), read, max_batch=most, aside=identity.aside
    )
    for key, value, what in (one.safe(kind.options) for one in kind.check(plan)):
        problems.add(f"{key}: {what}") if value is None else problems.note(key, value, what)
    if problems.lines:
        raise ConfigError(problems.lines)
    return plan


def _max_batch(given: object, problems: Problems) -> int:
    if type(given) is int and 1 <= given <= LARGEST_BATCH:
        return given
    problems.note("max_batch", given, f"write a whole number from 1 to {LARGEST_BATCH}")
    return 1


def sink_options_of(file: Path | None, given: Iterable[str]) -> ChosenOptions:
    """Return the options of a TOML file, and those of `key=value`; raise ConfigError."""
    source = parse(file) if file else TomlText("sink", "", {})
    pairs = [_pair(one) for one in given]
    locations = TomlLocations(source, tuple(key for key, _ in pairs), option="--sink-option")
    return ChosenOptions(source.tables | dict(pairs), locations)


def _pair(given: str) -> tuple[str, Any]:
    key, equals, text = given.partition("=")
    if not equals:
        raise ConfigError(("--sink-option: write key=value",))
    return key.strip(), _value(text.strip())


def _value(text: str) -> Any:  # noqa: ANN401 - anything that TOML has
    """Return what TOML reads; what it cannot read is a text without its quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
