"""Theme: every sink's destination can be reached, lets the agent in, and may be written to.

What a destination needs, only its sink knows: see `SinkType.reach`. The theme `network` examines
MQTT brokers.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

import msgspec

from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem
from edge_agent.doctor.instruments.configured_sinks import ConfiguredSink, configured_sinks
from edge_agent.errors import AgentError, MissingPackage

ADVICE = {
    "sink-wrong": "correct the key, or the file that it names",
    "sink-package-missing": "install the extra that the sink needs: kafka, amqp, aws or avro",
    "sink-unreachable": "what the finding says: name, network, TLS, login, topic or queue, rights",
    "sink-silent": "open the port in the firewall, or correct the URL",
}

Answer: TypeAlias = list[SinkProblem] | Exception


def check_sinks(case: Case) -> Iterator[Finding]:
    """Reach all sinks at once, each for a limited time; report in their order."""
    sinks = [_with_paths(case, one) for one in configured_sinks(case.config)]
    with _variables(case, sinks):
        asked = [(one, *_ask(case, one)) for one in sinks]
        for one, wrong, answer in asked:
            yield from _findings(case, one, wrong, answer)


def _ask(
    case: Case, sink: ConfiguredSink
) -> tuple[list[SinkProblem], "SimpleQueue[Answer] | None"]:
    """Return what is wrong with a plan; if nothing is, start to reach its destination."""
    wrong = list(sink.type.check(sink.plan))
    if wrong or case.config is None:
        return wrong, None
    answer: SimpleQueue[Answer] = SimpleQueue()
    run = partial(_reach, sink, case.config.node, answer)
    threading.Thread(target=run, name=f"reach {sink.plan.name}", daemon=True).start()
    return [], answer


def _reach(sink: ConfiguredSink, node: str, answer: "SimpleQueue[Answer]") -> None:
    try:
        answer.put(list(sink.type.reach(sink.plan, node)))
    except MissingPackage as error:
        answer.put(error)
    except AgentError as error:
        answer.put([SinkProblem.of("", None, error)])
    except Exception as error:  # noqa: BLE001 - the diagnosis reports it, in its own thread
        answer.put(error)


def _findings(
    case: Case,
    sink: ConfiguredSink,
    wrong: list[SinkProblem],
    answer: "SimpleQueue[Answer] | None",
) -> Iterator[Finding]:
    # Secrets are checked as credentials; `configuration` reports what is wrong in the file itself.
    ours = {"", *(one.key for one in sink.named if not one.secret)}
    for one in wrong:
        if one.key in ours:
            yield problem("sink-wrong", *_words(case, sink.plan, one))
    if answer is not None:
        yield from _met(case, sink.plan, answer)


def _met(case: Case, plan: SinkPlan[Any], answer: "SimpleQueue[Answer]") -> Iterator[Finding]:
    """Wait for what the way to a destination has met."""
    try:
        found = answer.get(timeout=case.probes.sink_seconds)
    except Empty:
        yield _silent(case, plan.name)
        return
    if isinstance(found, MissingPackage):
        where = f"sink.{plan.name}"
        yield problem("sink-package-missing", where, found.what, found.remedy)
    elif isinstance(found, Exception):
        raise found
    else:
        for one in found:
            yield problem("sink-unreachable", *_words(case, plan, one))


def _words(case: Case, plan: SinkPlan[Any], found: SinkProblem) -> tuple[str, str, str]:
    """Return where it is, what it is, and the remedy, which follows the first semicolon."""
    what, _, remedy = found.what.partition("; ")
    where = ".".join(filter(None, ("sink", plan.name, found.key)))
    return where, what, remedy or f'correct [[sink]] "{plan.name}" in {case.file}'


def _silent(case: Case, name: str) -> Finding:
    what = f"no answer within {case.probes.sink_seconds:g} s"
    remedy = (
        "open its port in the firewall, or correct `url` under"
        f' [[sink]] "{name}" in {case.file}; `edge-agent sinks` shows what the agent met'
    )
    return problem("sink-silent", f"sink.{name}", what, remedy)


def _with_paths(case: Case, sink: ConfiguredSink) -> ConfiguredSink:
    """Let options name the files from which systemd loads the service's credentials."""
    paths = {one.key: case.credentials.path_of(one.named) for one in sink.named if one.of == "file"}
    changed = {key: str(path) for key, path in paths.items() if path is not None}
    options = msgspec.structs.replace(sink.plan.options, **changed)
    return sink._replace(plan=sink.plan._replace(options=options))


@contextmanager
def _variables(case: Case, sinks: list[ConfiguredSink]) -> Iterator[None]:
    """Set the variables that sinks name and only the service has, for the length of a block."""
    known = case.credentials.variables()
    named = {one.named for sink in sinks for one in sink.named if one.of == "variable"}
    missing = {name: known[name] for name in named if name in known and name not in os.environ}
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


def _skip(case: Case) -> str:
    return "" if case.config else "no readable configuration names a sink"


THEME = Theme("sinks", (check_sinks,), ADVICE, _skip)
