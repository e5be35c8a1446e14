"""The commands of a running agent: each is refused or carried out, and answered.

A command is refused, or accepted and then done or failed; each of these is an event. A command that
comes again with the same id has no further effect: it gets the same answer again. Too many commands
are refused before they are read, and are one event together.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol

import msgspec

from edge_agent.clock import Moment
from edge_agent.errors import CommandError
from edge_agent.evaluate.commands import command as commands
from edge_agent.evaluate.commands.actions import Action, CommandActions
from edge_agent.evaluate.commands.bounds import Bounds
from edge_agent.evaluate.commands.command import Command, Set
from edge_agent.evaluate.commands.outcomes import CommandAnswer, KnownAnswers, without_large_result
from edge_agent.evaluate.commands.pending import MOST, PendingCommands
from edge_agent.evaluate.commands.pending_orders import OrderStep, PendingOrders
from edge_agent.evaluate.commands.rate import CommandRate
from edge_agent.evaluate.commands.refusals import refuse_expired, refuse_impossible
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet
from edge_agent.events import Answer, Event, Finished, Reading, Request, SavedState

LONGEST_REASON = 500  # characters
LONGEST_NAME = 64  # characters of an unknown command's name, in its answer


class CommandOutcome(NamedTuple):
    """What follows from one command; an `effective` one may change outputs and rules."""

    events: list[Event]
    answers: list[Answer]
    saved_states: list[SavedState]
    changes: RuleChanges | None = None
    effective: bool = False


class Delegate(Protocol):
    """Carries out commands that the engine cannot; the answer comes as `Finished`."""

    def __call__(self, command: Command, key: str, /) -> None:
        """Start a command."""
        ...


class CommandExecutor:
    """Carries out commands in the engine's thread; `known` holds the answers to ids so far."""

    def __init__(
        self,
        allowed: Collection[str],
        rule_set: RuleSet,
        outputs: OutputSet,
        *,
        bounds: Bounds,
        delegate: Delegate,
        known: KnownAnswers | None = None,
        pending: PendingCommands | None = None,
        orders: PendingOrders | None = None,
        rate: CommandRate | None = None,
    ) -> None:
        self._allowed = allowed
        self._outputs = outputs
        self._bounds = bounds
        self._actions = CommandActions(rule_set, outputs, bounds)
        self._delegate = delegate
        self._known = known or KnownAnswers()
        self._pending = pending or PendingCommands()
        self._orders = orders or PendingOrders(outputs)
        self._rate = rate or CommandRate()

    def renewed(
        self,
        allowed: Collection[str],
        rule_set: RuleSet,
        bounds: Bounds,
        delegate: Delegate,
    ) -> "CommandExecutor":
        """Return an executor for another configuration, with the same pending commands."""
        return CommandExecutor(
            allowed,
            rule_set,
            self._outputs,
            bounds=bounds,
            delegate=delegate,
            known=self._known,
            pending=self._pending,
            orders=self._orders,
            rate=self._rate,
        )

    def take(self, request: Request, now: Moment) -> CommandOutcome:
        """Carry a command out, delegate it, or refuse it."""
        excess = self._rate.refuse(now)
        if excess:
            return self._turned_away(request, excess, now)
        try:
            command = self._checked(request, now)
        except CommandError as error:
            return self._answer(request, None, now, "refused", reason=str(error))
        before = self._before(command)
        if before is not None:
            return self._repeated(request, before, now)
        action = self._actions.of(command)
        if action is None:
            return self._hand_over(request, command, now)
        try:
            return self._act(request, command, action, now)
        except CommandError as error:
            return self._answer(request, command, now, "failed", reason=str(error))

    def _act(
        self, request: Request, command: Command, action: Action, now: Moment
    ) -> CommandOutcome:
        """Let a command take effect; that of an order is answered once its effect is known."""
        if isinstance(command, Set) and (order := self._actions.order_of(command, now)):
            self._orders.add(command, request, order)
            return CommandOutcome([], [], [], effective=True)
        changes = action(now)
        done = _urgent(self._answer(request, command, now, "done", result={}))
        return done._replace(changes=changes, effective=True)

    def settled(self, now: Moment) -> list[CommandOutcome]:
        """Answer the orders whose effect is known by now; one that had none is withdrawn."""
        return [self._settled(one, now) for one in self._orders.steps(now)]

    def _settled(self, step: OrderStep, now: Moment) -> CommandOutcome:
        more: dict[str, object] = {"result": {}} if step.state == "done" else {}
        if step.reason:
            more["reason"] = step.reason
        pending = step.pending
        outcome = self._answer(pending.request, pending.command, now, step.state, **more)
        return _urgent(outcome)._replace(effective=step.state == "failed")

    def finish(self, finished: Finished, now: Moment) -> CommandOutcome | None:
        """Answer a command that was carried out elsewhere; None if it is not pending."""
        pending = self._pending.pop(finished.id)
        if pending is None:
            return None
        command, request, _ = pending
        if finished.result is None:
            return self._answer(request, command, now, "failed", reason=finished.reason)
        return self._answer(request, command, now, "done", result=finished.result)

    def measured(self, reading: Reading) -> list[CommandOutcome]:
        """Answer the pending commands that asked for this reading."""
        keys = self._pending.answered_by(reading)
        if not keys:
            return []
        result = {"values": reading.values, "quality": reading.quality, "detail": reading.detail}
        outcomes = (self.finish(Finished(key, result), reading.moment) for key in keys)
        return [one for one in outcomes if one is not None]

    def expire(self, now: Moment) -> list[CommandOutcome]:
        """Answer the commands that take too long as failed; report a flood that has ended."""
        outcomes = (self.finish(late, now) for late in self._pending.late(now))
        flood = self._rate.report(now)
        ended = [CommandOutcome(flood, [], [])] if flood else []
        return [*(one for one in outcomes if one is not None), *ended]

    def close(self, now: Moment) -> list[Event]:
        """Return the events that are still to be recorded when the agent stops."""
        return self._rate.report(now, final=True)

    def _checked(self, request: Request, now: Moment) -> Command:
        """Return the command; raise CommandError if it must have no effect."""
        if request.name in commands.KINDS and request.name not in self._allowed:
            raise CommandError(f"{request.name} is not in commands.allow of the configuration")
        if request.retained:
            raise CommandError("a retained command would be repeated; send it without retain")
        command = commands.parse(request.name, request.payload)
        refuse_expired(command, now)
        refuse_impossible(command, self._bounds)
        return command

    def _hand_over(self, request: Request, command: Command, now: Moment) -> CommandOutcome:
        if self._pending.full:
            reason = f"{MOST} commands are pending; try again later"
            return self._answer(request, command, now, "refused", reason=reason)
        self._delegate(command, self._pending.add(command, request, now))
        return self._answer(request, command, now, "accepted")

    def _turned_away(self, request: Request, reason: str, now: Moment) -> CommandOutcome:
        answer = _answered(request, "", "refused", reason=reason)
        answers = [_encoded(request, answer)] if self._rate.may_answer(now) else []
        return CommandOutcome([], answers, [])

    def _before(self, command: Command) -> CommandAnswer | None:
        """Return the latest answer to an earlier command with the same id."""
        if not command.id:
            return None
        pending = self._pending.find(command.id) or self._orders.find(command.id)
        if pending is not None:
            return _answered(pending.request, command.id, "accepted")
        return self._known.get(command.id)

    def _repeated(self, request: Request, before: CommandAnswer, now: Moment) -> CommandOutcome:
        answer = {**before, "repeated": True}
        event = Event("command", request.name, now, {"id": before["id"], "state": "repeated"})
        return CommandOutcome([event], [_encoded(request, answer)], [])

    def _answer(
        self, request: Request, command: Command | None, now: Moment, state: str, **more: object
    ) -> CommandOutcome:
        """Return the event and the answer; save the final answer of a command with an id."""
        answer = _answered(request, command.id if command else "", state, **more)
        kept = without_large_result(answer)
        data = {name: value for name, value in kept.items() if name != "command" and value}
        if command is not None:
            data["arguments"] = commands.arguments(command)
        final = answer["id"] and state in {"done", "failed"}
        saved_states = [self._known.add(answer)] if final else []
        source = request.name if request.name in commands.KINDS else "unknown"
        event = Event("command", source, now, data)
        return CommandOutcome([event], [_encoded(request, answer)], saved_states)


def _urgent(outcome: CommandOutcome) -> CommandOutcome:
    events = [msgspec.structs.replace(one, urgent=True) for one in outcome.events]
    return outcome._replace(events=events)


def _answered(request: Request, id_: str, state: str, **more: object) -> CommandAnswer:
    """Return an answer, with as much of what came from outside as has a bound."""
    reason = more.get("reason")
    if isinstance(reason, str):
        more["reason"] = reason[:LONGEST_REASON]
    return {"command": request.name[:LONGEST_NAME], "id": id_, "state": state, **more}


def _encoded(request: Request, answer: CommandAnswer) -> Answer:
    return Answer(request.topic, request.correlation, msgspec.json.encode(answer))
