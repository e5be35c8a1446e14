"""The commands of a running agent: each is refused or carried out, and answered.

A command is refused, or accepted and then done or failed; each of these is an event. A command that
comes again with the same id has no further effect: it gets the same answer again.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from edge_agent.clock import Moment
from edge_agent.errors import CommandError
from edge_agent.evaluate.commands import command as commands
from edge_agent.evaluate.commands.command import Command
from edge_agent.evaluate.commands.pending import MOST, PATIENCE, PendingCommands
from edge_agent.evaluate.outputs.output_set import Order, OutputSet
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet
from edge_agent.events import AlertState, Answer, Event, Finished, Reading, Request, SavedState

REMEMBERED = 200  # ids with a known answer
MEMORY = "commands"  # the name under which the answers are saved


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
    """Carries out commands in the engine's thread; `known` are the answers to ids so far.

    `bounds` are the lowest and the highest value of each threshold, by rule and name.
    """

    def __init__(
        self,
        allowed: Collection[str],
        rule_set: RuleSet,
        outputs: OutputSet,
        *,
        bounds: Mapping[tuple[str, str], tuple[float, float]],
        delegate: Delegate,
        known: Mapping[str, dict[str, Any]] | None = None,
        pending: PendingCommands | None = None,
    ) -> None:
        self._allowed = allowed
        self._rule_set = rule_set
        self._outputs = outputs
        self._bounds = bounds
        self._delegate = delegate
        self._known: dict[str, dict[str, Any]] = dict(known or {})
        self._pending = pending or PendingCommands()
        self._actions: dict[type[Command], Callable[[Any, Moment], RuleChanges | None]] = {
            commands.Set: self._set,
            commands.Acknowledge: self._acknowledge,
            commands.Silence: self._silence,
            commands.Enable: self._enable,
            commands.Disable: self._disable,
            commands.SetThreshold: self._threshold,
        }

    def renewed(
        self,
        allowed: Collection[str],
        rule_set: RuleSet,
        bounds: Mapping[tuple[str, str], tuple[float, float]],
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
        )

    def take(self, request: Request, now: Moment) -> CommandOutcome:
        """Carry a command out, delegate it, or refuse it."""
        try:
            command = self._checked(request, now)
        except CommandError as error:
            return self._answer(request, None, now, "refused", reason=str(error))
        if command.id in self._known:
            return self._repeated(request, command, now)
        action = self._actions.get(type(command))
        if action is None:
            return self._hand_over(request, command, now)
        try:
            changes = action(command, now)
        except CommandError as error:
            return self._answer(request, command, now, "failed", reason=str(error))
        outcome = self._answer(request, command, now, "done", result={})
        return outcome._replace(changes=changes, effective=True)

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
        result = {"values": reading.values, "quality": reading.quality, "detail": reading.detail}
        keys = self._pending.answered_by(reading)
        outcomes = (self.finish(Finished(key, result), reading.moment) for key in keys)
        return [one for one in outcomes if one is not None]

    def expire(self, now: Moment) -> list[CommandOutcome]:
        """Answer the commands that take too long as failed."""
        reason = f"no answer within {PATIENCE} s"
        late = self._pending.late(now)
        outcomes = (self.finish(Finished(key, None, reason), now) for key in late)
        return [one for one in outcomes if one is not None]

    def _checked(self, request: Request, now: Moment) -> Command:
        """Return the command; raise CommandError if it must have no effect."""
        if request.name in commands.KINDS and request.name not in self._allowed:
            raise CommandError(f"{request.name} is not in commands.allow of the configuration")
        if request.retained:
            raise CommandError("a retained command would be repeated; send it without retain")
        command = commands.parse(request.name, request.payload)
        if command.expires is not None:
            _refuse_expired(command, now)
        return command

    def _hand_over(self, request: Request, command: Command, now: Moment) -> CommandOutcome:
        if self._pending.full:
            reason = f"{MOST} commands are pending; try again later"
            return self._answer(request, command, now, "failed", reason=reason)
        self._delegate(command, self._pending.add(command, request, now))
        return self._answer(request, command, now, "accepted")

    def _repeated(self, request: Request, command: Command, now: Moment) -> CommandOutcome:
        answer = {**self._known[command.id], "repeated": True}
        event = Event("command", command.name, now, {"id": command.id, "state": "repeated"})
        return CommandOutcome([event], [_encoded(request, answer)], [])

    def _answer(
        self, request: Request, command: Command | None, now: Moment, state: str, **more: object
    ) -> CommandOutcome:
        """Return the event and the answer; save the final answer of a command with an id."""
        id_ = command.id if command else ""
        answer = {"command": request.name, "id": id_, "state": state, **more}
        data = {name: value for name, value in answer.items() if name != "command" and value}
        if command is not None:
            data["arguments"] = commands.arguments(command)
        saved_states = []
        if id_ and state in {"done", "failed"}:
            self._known[id_] = answer
            self._known = dict(list(self._known.items())[-REMEMBERED:])
            saved_states = [SavedState(MEMORY, msgspec.json.encode(self._known))]
        source = request.name if request.name in commands.KINDS else "unknown"
        event = Event("command", source, now, data, urgent=True)
        return CommandOutcome([event], [_encoded(request, answer)], saved_states)

    def _rule(self, name: str) -> Rule:
        if name not in self._rule_set.rules:
            known = ", ".join(self._rule_set.rules) or "none"
            raise CommandError(f"no rule {name[:64]!r}; known: {known}")
        return self._rule_set.rules[name]

    def _set(self, command: commands.Set, now: Moment) -> None:
        if command.output not in self._outputs.names:
            known = ", ".join(sorted(self._outputs.names)) or "none"
            raise CommandError(f"no output {command.output[:64]!r}; known: {known}")
        until = now.uptime + round(command.seconds * 1e6)
        value = command.number
        self._outputs.order(command.output, None if value is None else Order(value, until))

    def _acknowledge(self, command: commands.Acknowledge, now: Moment) -> RuleChanges:
        rule = self._rule(command.rule)
        if self._rule_set.states[rule.name].state != "firing":
            raise CommandError(f"{rule.name} is not firing")
        return self._rule_set.change(rule, now, "firing", acknowledged=True)

    def _silence(self, command: commands.Silence, now: Moment) -> RuleChanges:
        until = now.uptime + round(command.seconds * 1e6)
        return self._rule_set.change(self._rule(command.rule), now, silenced_until=until)

    def _enable(self, command: commands.Enable, now: Moment) -> RuleChanges:
        return self._rule_set.change(self._rule(command.rule), now, enabled=True)

    def _disable(self, command: commands.Disable, now: Moment) -> RuleChanges:
        """Disable a rule; one that is firing or flapping is resolved."""
        rule = self._rule(command.rule)
        alert: AlertState | None = "resolved" if self._rule_set.states[rule.name].open else None
        off = {"enabled": False, "state": "inactive", "flapping": False}
        return self._rule_set.change(rule, now, alert, **off)

    def _threshold(self, command: commands.SetThreshold, now: Moment) -> RuleChanges:
        rule = self._rule(command.rule)
        bounds = self._bounds.get((rule.name, command.threshold))
        if bounds is None:
            known = ", ".join(rule.thresholds) or "none"
            raise CommandError(f"no threshold {command.threshold[:64]!r}; {rule.name} has: {known}")
        if not bounds[0] <= command.value <= bounds[1]:
            raise CommandError(f"{command.value:g} is not between {bounds[0]:g} and {bounds[1]:g}")
        before = self._rule_set.states[rule.name].thresholds
        changed = {**before, command.threshold: command.value}
        return self._rule_set.change(rule, now, thresholds=changed)


def _refuse_expired(command: Command, now: Moment) -> None:
    """Raise CommandError for a command that has expired, or may have."""
    expires = command.expires
    if expires is None or expires.tzinfo is None:
        raise CommandError("expires has no time zone; write it as 2026-01-31T12:00:00Z")
    if not now.trusted:
        raise CommandError(
            "the clock is not set: it cannot be known whether the command has expired"
        )
    if expires.timestamp() * 1e6 <= now.time:
        raise CommandError("the command has expired")


def _encoded(request: Request, answer: dict[str, Any]) -> Answer:
    return Answer(request.topic, request.correlation, msgspec.json.encode(answer))
