"""A sink of the catalog, by its URL and the options of its kind."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from edge_agent.clock import SystemClock
from edge_agent.config.reader import TableReader, Where
from edge_agent.config.source import parse
from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import Sink, SinkContext, SinkPlan, SinkType
from edge_agent.errors import ConfigError
from edge_agent.problems import Problems

LARGEST_BATCH = 1000  # events of one message
LOG_ID = "none"  # every event has its own


class SinkIdentity(NamedTuple):
    """Who delivers: `node` and `aside` make an id at the bus that no other client has."""

    name: str
    node: str
    aside: str


def sink_at(
    url: str,
    options: dict[str, Any],
    identity: SinkIdentity,
    stopping: Callable[[], bool],
    died: Callable[[str], None],
) -> Sink:
    """Return the sink, not yet open; raise AgentError if that is not possible."""
    kind = load_sink_type(scheme_of(url))
    plan = _plan(kind, url, dict(options), identity)
    clock = SystemClock()
    context = SinkContext.apart(identity.node, LOG_ID, stopping)
    delivering = context._replace(died=died, trusted=lambda: clock.now().trusted)
    return kind.build(plan, delivering)


def _plan(
    kind: SinkType[Any], url: str, options: dict[str, Any], identity: SinkIdentity
) -> SinkPlan[Any]:
    problems = Problems("sink")
    most = _max_batch(options.pop("max_batch", 1), problems)
    read = TableReader(problems).table(kind.options, options, Where("", "sink"))
    if read is None or problems.lines:
        raise ConfigError(tuple(problems.lines))
    plan: SinkPlan[Any] = SinkPlan(
        identity.name, (url,), read, max_batch=most, aside=identity.aside
    )
    for key, value, what in (one.safe(kind.options) for one in kind.check(plan)):
        problems.add(f"{key}: {what}") if value is None else problems.note(key, value, what)
    if problems.lines:
        raise ConfigError(tuple(problems.lines))
    return plan


def _max_batch(given: object, problems: Problems) -> int:
    if type(given) is int and 1 <= given <= LARGEST_BATCH:
        return given
    problems.note("max_batch", given, f"write a whole number from 1 to {LARGEST_BATCH}")
    return 1


def sink_options_of(file: Path | None, given: Iterable[str]) -> dict[str, Any]:
    """Return the options of a TOML file, and those of `key=value`; raise ConfigError."""
    options = parse(file) if file else {}
    for one in given:
        key, equals, text = one.partition("=")
        if not equals:
            raise ConfigError(("--sink-option: write key=value",))
        options[key.strip()] = _value(text.strip())
    return options


def _value(text: str) -> Any:  # noqa: ANN401 - anything that TOML has
    """Return what TOML reads; what it cannot read is a text without its quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
