"""Reload: a new configuration replaces the one in force.

Everything that can fail is prepared first, and nothing that runs is touched before. What did not
change is kept: values and windows, rules with their states, outputs as they are set.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple

from edge_agent.assembly.bus_threads import BusChange
from edge_agent.assembly.buses import STEP_SECONDS, same_driver
from edge_agent.assembly.delivery import SinkChange
from edge_agent.assembly.evaluation import bounds, limited, unknown_values
from edge_agent.assembly.flow import Flow
from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.errors import AgentError
from edge_agent.evaluate.commands.execute import Delegate
from edge_agent.evaluate.engine_items import EvaluationParts, NewParts
from edge_agent.evaluate.outputs.switching import AtOnce, GuardedOutput
from edge_agent.evaluate.rules.rule_set import RuleSet
from edge_agent.evaluate.saved_state import save_state
from edge_agent.store.reader import LogReader
from edge_agent.threads import STOP_SECONDS
from edge_agent.topic_names import topics_of

RESTART = "cannot change while the agent runs; `sudo systemctl restart edge-agent`"
LEFTOVERS = (
    "retained messages of {node!r} stay at the broker;"
    " `mosquitto_sub -h <broker> -t '{topics}/#' --remove-retained -W 5` clears them"
)
ENGINE_SECONDS = 10.0

_logger = logging.getLogger(__name__)


class Prepared(NamedTuple):
    """Everything that a new blueprint needs and that can fail."""

    blueprint: Blueprint
    outputs: Mapping[str, GuardedOutput]  # those whose drivers are new
    buses: BusChange
    sinks: SinkChange
    last: int  # the log's last offset


def reload(
    flow: Flow, reread: Callable[[], Blueprint], stopping: Callable[[], bool] = lambda: False
) -> list[str]:
    """Read the configuration again and put it in force; return the problems that prevent it.

    It ends early when `stopping` turns true: systemd does not wait for long.
    """
    try:
        new = reread()
        problems = obstacles(flow, new)
        if problems:
            return problems
        prepared = prepare(flow, new)
    except AgentError as error:
        return str(error).splitlines()
    flow.buses.retire(prepared.buses, time.monotonic() + STOP_SECONDS, stopping)
    refused = renew_engine(flow, prepared, stopping)
    if stopping():
        return ["the agent stops"]
    if refused:
        return [refused, *restore_buses(flow)]
    commit(flow, prepared)
    return []


def obstacles(flow: Flow, new: Blueprint) -> list[str]:
    """Return what in a new configuration needs a restart."""
    old = flow.blueprint.config
    changed = {
        "node": old.node != new.config.node,
        "log": old.log != new.config.log,
        "aggregates": old.aggregates != new.config.aggregates,
        "metrics": old.metrics != new.config.metrics,
        "web": old.web != new.config.web,
    }
    fixed = [f"{name}: {RESTART}" for name, differs in changed.items() if differs]
    if changed["node"]:
        fixed.append(
            f"node: {LEFTOVERS.format(node=old.node, topics=topics_of(old.mqtt.topic, old.node))}"
        )
    return fixed + flow.buses.obstacles(new.devices)


def prepare(flow: Flow, new: Blueprint) -> Prepared:
    """Open everything that can fail; raise AgentError, and leave what runs as it is."""
    before = {one.name: one for one in flow.blueprint.outputs}
    outputs: dict[str, GuardedOutput] = {}
    with ExitStack() as undo:
        for one in new.outputs:
            if one.name not in before or not same_driver(before[one.name], one):
                outputs[one.name] = flow.outputs.connect(one)
                undo.callback(discard, outputs[one.name])
        buses = flow.buses.prepare(new.devices)
        sinks = flow.delivery.prepare(new.sinks, flow.about(new))
        with closing(LogReader(flow.log_path)) as reader:
            buses.resume(reader)
            prepared = Prepared(new, outputs, buses, sinks, reader.last_offset())
        undo.pop_all()
    return prepared


def renew_engine(flow: Flow, prepared: Prepared, stopping: Callable[[], bool]) -> str:
    """Let the engine exchange its parts, between two readings; return what went wrong."""
    renewal = Renewal(flow.blueprint, prepared, clock=flow.clock, delegate=flow.delegate)
    answer: SimpleQueue[str] = SimpleQueue()
    token: SimpleQueue[None] = SimpleQueue()
    token.put(None)
    claim = partial(taken, token)
    flow.outputs.start()
    flow.readings.watch((*flow.blueprint.rules, *prepared.blueprint.rules))
    flow.readings.put(NewParts(renewal.parts, renewal.kept, answer.put, claim))
    if (refused := answer_of(answer, stopping)) is not None:
        return refused
    if claim():  # it may have failed; if it only was slow, it keeps the old parts
        for output in prepared.outputs.values():
            discard(output)
        return f"the engine did not answer within {ENGINE_SECONDS:.0f} s"
    refused = answer_of(answer, stopping)  # it has just begun
    if refused is None:
        return "the engine began with the new configuration, but did not finish"
    return refused


def discard(output: GuardedOutput) -> None:
    """Release an output that was never switched; on a bus, it holds nothing yet."""
    if isinstance(output.switcher, AtOnce):
        output.driver.close()


def answer_of(answer: "SimpleQueue[str]", stopping: Callable[[], bool]) -> str | None:
    """Wait for the engine's answer; return None if it does not come, or if the agent stops."""
    deadline = time.monotonic() + ENGINE_SECONDS
    while not stopping() and (left := deadline - time.monotonic()) > 0:
        with suppress(Empty):
            return answer.get(timeout=min(left, STEP_SECONDS))
    return None


def taken(token: "SimpleQueue[None]") -> bool:
    """Take the token if it is still there: of two threads, only one gets it."""
    try:
        token.get_nowait()
    except Empty:
        return False
    return True


def restore_buses(flow: Flow) -> list[str]:
    """Measure again what was retired for a reload that the engine refused; return what failed."""
    try:
        flow.buses.commit(flow.buses.prepare(flow.blueprint.devices))
    except AgentError as error:
        return str(error).splitlines()
    return []


def commit(flow: Flow, prepared: Prepared) -> None:
    """Exchange buses and sinks; nothing here can fail."""
    flow.buses.commit(prepared.buses)
    flow.delivery.commit(prepared.sinks, time.monotonic() + STOP_SECONDS)
    flow.show(flow.about(prepared.blueprint))
    flow.follow(prepared.blueprint)
    flow.introduce(prepared.sinks.fresh)
    flow.delivery.start(prepared.sinks.fresh, prepared.last)
    sinks = [one.plan.name for one in (*prepared.sinks.stopped, *prepared.sinks.fresh)]
    buses = [*prepared.buses.stopped, *prepared.buses.threads]
    restarted = dict.fromkeys([*buses, *sinks])
    _logger.info("reloaded%s", f"; restarted {', '.join(restarted)}" if restarted else "")


class Renewal:
    """Makes the engine's new parts from those that it has, in the engine's thread."""

    def __init__(
        self, old: Blueprint, prepared: Prepared, *, clock: Clock, delegate: Delegate
    ) -> None:
        self._old = old
        self._new = prepared.blueprint
        self._connected = prepared.outputs
        self._clock = clock
        self._delegate = delegate

    @property
    def kept(self) -> frozenset[str]:
        """Return the names of the rules that keep their states: their condition is the same."""
        before = {rule.name: rule.condition for rule in self._old.rules}
        new = self._new.rules
        return frozenset(rule.name for rule in new if before.get(rule.name) == rule.condition)

    def parts(self, before: EvaluationParts) -> EvaluationParts:
        """Return the new parts; removed outputs are made safe, and released."""
        current = unknown_values(self._new, self._clock.now())
        current.inherit(before.current)
        limits = bounds(self._new)
        rule_set = RuleSet(
            self._new.rules,
            limited(before.rule_set.states, limits.thresholds),
            current,
            partial(save_state, boot=self._clock.boot),
        )
        executor = before.executor.renewed(
            self._new.config.commands.allow, rule_set, limits, self._delegate
        )
        self._renew_outputs(before)
        return EvaluationParts(current, rule_set, before.outputs, executor)

    def _renew_outputs(self, before: EvaluationParts) -> None:
        """Exchange the outputs, last: a part that failed before has touched none of them."""
        wanted = {one.name for one in self._new.outputs} - self._connected.keys()
        removed = {one.name for one in self._old.outputs} - wanted
        before.outputs.remove(removed, self._clock.now())
        for one in self._new.outputs:
            output = self._connected.get(one.name) or before.outputs.output(one.name)
            before.outputs.take(output._replace(guard=one.guard))
