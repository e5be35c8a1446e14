"""Where the events go: `[mqtt]`, every `[[sink]]` and every `[[notify]]` as a sink's plan."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from edge_agent.config.config import Config
from edge_agent.config.notify import NotifySettings
from edge_agent.config.reader import TableReader, Where
from edge_agent.config.sink import SinkSettings
from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import SinkPlan, SinkProblem, SinkType, file_claim
from edge_agent.errors import AgentError
from edge_agent.events import KINDS
from edge_agent.paths import expanded
from edge_agent.problems import Problems

MQTT = "mqtt"  # the name of the sink that `[mqtt]` is
NOTIFY = "notify"
# The kinds that `publish` keeps from the broker; the log has them.
LEFT_OUT = {"all": set(), "readings": {"aggregate"}, "aggregates": {"reading"}}

Plan: TypeAlias = SinkPlan[Any]


class ResolvedSink(NamedTuple):
    """A sink as configured, and the type that its scheme names."""

    plan: Plan
    type: SinkType[Any]


def resolve_sinks(config: Config, problems: Problems) -> tuple[ResolvedSink, ...]:
    """Return the sinks that have no problems."""
    _note_names(config, problems)
    found = [
        _checked(_mqtt(config), load_sink_type(MQTT), "mqtt.", problems),
        *(_further(one, problems) for one in config.sink),
        *(
            _checked(_notify(one), load_sink_type(NOTIFY), f"notify.{one.name}.", problems)
            for one in config.notify
        ),
    ]
    sinks = tuple(one for one in found if one is not None)
    _note_claims(config, sinks, problems)
    return sinks


def _mqtt(config: Config) -> Plan:
    settings, discovery = config.mqtt, config.home_assistant
    return SinkPlan(
        MQTT,
        _urls(settings.url),
        settings,
        kinds=frozenset(KINDS) - LEFT_OUT[settings.publish],
        start="beginning",
        max_batch=settings.max_batch,
        live=True,
        commands=bool(config.commands.allow),
        answer_topics=config.commands.answer_topics,
        birth=f"{discovery.prefix}/status" if discovery.enabled else "",
    )


def _notify(settings: NotifySettings) -> Plan:
    url = f"{NOTIFY}:{settings.url}"
    return SinkPlan(f"notify-{settings.name}", (url,), settings, kinds=frozenset({"alert"}))


def _further(settings: SinkSettings, problems: Problems) -> ResolvedSink | None:
    where = f"sink.{settings.name}."
    urls = _urls(settings.url)
    kind = _type(urls, where, problems)
    if kind is None:
        return None
    options = TableReader(problems).table(
        kind.options,
        settings.options,
        Where(f"sink.{settings.name}", "sink", f"sink.{settings.name}"),
    )
    if options is None:
        return None
    plan = SinkPlan(
        settings.name,
        urls,
        options,
        kinds=frozenset(settings.kinds),
        start=settings.start,
        max_batch=settings.max_batch,
    )
    return _checked(plan, kind, where, problems)


def _checked(
    plan: Plan, kind: SinkType[Any], where: str, problems: Problems
) -> ResolvedSink | None:
    found = list(kind.check(plan))
    for problem in found:
        _note(problem.safe(kind.options), where, problems)
    return None if found else ResolvedSink(plan, kind)


def _type(urls: tuple[str, ...], where: str, problems: Problems) -> SinkType[Any] | None:
    """Return the type of the first URL's scheme; it checks the other URLs itself."""
    try:
        return load_sink_type(scheme_of(urls[0]) if urls else "")
    except AgentError as error:
        problems.add(f"{where}url: {error}")
        return None


def _note(problem: SinkProblem, where: str, problems: Problems) -> None:
    key, value, what = problem
    if value is None:
        problems.add(f"{where}{key}: {what}" if key else f"{where}{what}")
    else:
        problems.note(where + key, value, what)


def sink_names(config: Config) -> list[str]:
    """Return the names of all sinks that a configuration has, in its order."""
    notified = (f"notify-{one.name}" for one in config.notify)
    return [MQTT, *(one.name for one in config.sink), *notified]


def _note_names(config: Config, problems: Problems) -> None:
    taken = Counter(sink_names(config))
    for one in config.sink:
        if taken[one.name] > 1:
            what = "another sink has this name; choose another"
            problems.note(f"sink.{one.name}.name", one.name, what)


def _note_claims(config: Config, sinks: tuple[ResolvedSink, ...], problems: Problems) -> None:
    """Note what two sinks would use at once: a file, or a broker under one client id."""
    taken = (
        {file_claim(Path(expanded(config.log.path))): "the event log"} if config.log.path else {}
    )
    for plan, kind in sinks:
        for claimed in kind.claims(plan, config.node):
            owner = taken.setdefault(claimed, plan.name)
            if owner != plan.name:
                problems.add(f"sink.{plan.name}: {owner} uses {claimed}; choose another")


def _urls(url: str | tuple[str, ...]) -> tuple[str, ...]:
    return (url,) if isinstance(url, str) else url
