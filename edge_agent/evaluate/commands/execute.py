"""The desk: where commands are taken, carried out or refused, and answered.

A command is refused, or accepted and then done or failed; each of that is an event. What was
decided about an id is said again, without another effect, whenever the id comes again.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from edge_agent.clock import Moment
from edge_agent.errors import CommandError
from edge_agent.evaluate.commands import command as commands
from edge_agent.evaluate.commands.command import Command
from edge_agent.evaluate.outputs.output_set import Order, OutputSet
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet
from edge_agent.events import AlertState, Answer, Event, Finished, Reading, Request, SavedState

REMEMBERED = 200  # ids whose outcome is known
PENDING = 50  # commands that others are busy with
PATIENCE = 60  # seconds for what is carried out elsewhere
MEMORY = "commands"


class CommandOutcome(NamedTuple):
    """What one command brings about; an `effective` one may move outputs and rules."""

    events: list[Event]
    answers: list[Answer]
    memories: list[SavedState]
    turn: RuleChanges | None = None
    effective: bool = False


class Delegate(Protocol):
    """Who carries out what the engine cannot do itself; the answer comes as `Finished`."""

    def __call__(self, command: Command, key: str, /) -> None:
        """Begin with a command."""
        ...


class Waiting(NamedTuple):
    """An accepted command, and where its answer goes."""

    command: Command
    request: Request
    since: int


class CommandExecutor:
    """Takes commands for the engine's thread; `known` are outcomes from before a restart.

    `bounds` are what thresholds may be set to, by rule and name: lowest and highest.
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
    ) -> None:
        self._allowed = allowed
        self._rule_set = rule_set
        self._outputs = outputs
        self._bounds = bounds
        self._delegate = delegate
        self._known: dict[str, dict[str, Any]] = dict(known or {})
        self._waiting: dict[str, Waiting] = {}
        self._count = 0
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
        """Return a desk for another configuration, at which nobody has to queue again."""
        executor = CommandExecutor(
            allowed,
            rule_set,
            self._outputs,
            bounds=bounds,
            delegate=delegate,
            known=self._known,
        )
        executor._waiting, executor._count = self._waiting, self._count
        return executor

    def take(self, request: Request, now: Moment) -> CommandOutcome:
        """Carry a command out, have it carried out, or refuse it."""
        try:
            command = self._checked(request, now)
        except CommandError as error:
            return self._said(request, None, now, "refused", reason=str(error))
        if command.id in self._known:
            return self._repeated(request, command, now)
        action = self._actions.get(type(command))
        if action is None:
            return self._hand_over(request, command, now)
        try:
            turn = action(command, now)
        except CommandError as error:
            return self._said(request, command, now, "failed", reason=str(error))
        said = self._said(request, command, now, "done", result={})
        return said._replace(turn=turn, effective=True)

    def finish(self, finished: Finished, now: Moment) -> CommandOutcome | None:
        """Answer a command that was carried out elsewhere; None where nobody waits for it."""
        waiting = self._waiting.pop(finished.id, None)
        if waiting is None:
            return None
        if finished.result is None:
            reason = finished.reason
            return self._said(waiting.request, waiting.command, now, "failed", reason=reason)
        return self._said(waiting.request, waiting.command, now, "done", result=finished.result)

    def measured(self, reading: Reading) -> list[CommandOutcome]:
        """Answer those who asked for a reading of this device before it was measured."""
        result = {"values": reading.values, "quality": reading.quality, "detail": reading.detail}
        keys = [
            key
            for key, waiting in self._waiting.items()
            if isinstance(waiting.command, commands.Read)
            and waiting.command.device == reading.device
            and waiting.since <= reading.moment.uptime
        ]
        outcomes = (self.finish(Finished(key, result), reading.moment) for key in keys)
        return [one for one in outcomes if one is not None]

    def expire(self, now: Moment) -> list[CommandOutcome]:
        """Give up on what takes too long."""
        late = [
            key
            for key, waiting in self._waiting.items()
            if now.uptime - waiting.since > PATIENCE * 1_000_000
        ]
        reason = f"no answer within {PATIENCE} s"
        outcomes = (self.finish(Finished(key, None, reason), now) for key in late)
        return [one for one in outcomes if one is not None]

    def _checked(self, request: Request, now: Moment) -> Command:
        """Return the command; raise CommandError where it must have no effect."""
        if request.name in commands.KINDS and request.name not in self._allowed:
            raise CommandError(f"{request.name} is not in commands.allow of the configuration")
        if request.retained:
            raise CommandError("a retained command would come again and again; send it unretained")
        command = commands.parse(request.name, request.payload)
        if command.expires is not None:
            _refuse_expired(command, now)
        return command

    def _hand_over(self, request: Request, command: Command, now: Moment) -> CommandOutcome:
        if len(self._waiting) >= PENDING:
            reason = f"{PENDING} commands are under way; try again later"
            return self._said(request, command, now, "failed", reason=reason)
        self._count += 1
        key = f"{command.name}-{self._count}"
        self._delegate(command, key)
        self._waiting[key] = Waiting(command, request, now.uptime)
        return self._said(request, command, now, "accepted")

    def _repeated(self, request: Request, command: Command, now: Moment) -> CommandOutcome:
        answer = {**self._known[command.id], "repeated": True}
        event = Event("command", command.name, now, {"id": command.id, "state": "repeated"})
        return CommandOutcome([event], [_answer(request, answer)], [])

    def _said(
        self, request: Request, command: Command | None, now: Moment, state: str, **more: object
    ) -> CommandOutcome:
        """Return the event and the answer; remember the outcome of what has an id."""
        id_ = command.id if command else ""
        answer = {"command": request.name, "id": id_, "state": state, **more}
        data = {name: value for name, value in answer.items() if name != "command" and value}
        if command is not None:
            data["arguments"] = commands.arguments(command)
        memories = []
        if id_ and state in {"done", "failed"}:
            self._known[id_] = answer
            self._known = dict(list(self._known.items())[-REMEMBERED:])
            memories = [SavedState(MEMORY, msgspec.json.encode(self._known))]
        source = request.name if request.name in commands.KINDS else "unknown"
        event = Event("command", source, now, data, urgent=True)
        return CommandOutcome([event], [_answer(request, answer)], memories)

    def _rule(self, name: str) -> Rule:
        if name not in self._rule_set.rules:
            known = ", ".join(self._rule_set.rules) or "none"
            raise CommandError(f"no rule {name[:64]!r}; there are {known}")
        return self._rule_set.rules[name]

    def _set(self, command: commands.Set, now: Moment) -> None:
        if command.output not in self._outputs.names:
            known = ", ".join(sorted(self._outputs.names)) or "none"
            raise CommandError(f"no output {command.output[:64]!r}; there are {known}")
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
        """Disable a rule; one that fires is resolved, so that nobody waits for its end."""
        rule = self._rule(command.rule)
        firing = self._rule_set.states[rule.name].state == "firing"
        news: AlertState | None = "resolved" if firing else None
        return self._rule_set.change(rule, now, news, enabled=False, state="inactive")

    def _threshold(self, command: commands.SetThreshold, now: Moment) -> RuleChanges:
        rule = self._rule(command.rule)
        bounds = self._bounds.get((rule.name, command.threshold))
        if bounds is None:
            known = ", ".join(rule.thresholds) or "none"
            raise CommandError(f"no threshold {command.threshold[:64]!r}; {rule.name} has {known}")
        if not bounds[0] <= command.value <= bounds[1]:
            raise CommandError(f"{command.value:g} is not within {bounds[0]:g} to {bounds[1]:g}")
        before = self._rule_set.states[rule.name].thresholds
        changed = {**before, command.threshold: command.value}
        return self._rule_set.change(rule, now, thresholds=changed)


def _refuse_expired(command: Command, now: Moment) -> None:
    """Raise CommandError for a command that is too late, or may be."""
    expires = command.expires
    if expires is None or expires.tzinfo is None:
        raise CommandError("expires has no time zone; write it as 2026-01-31T12:00:00Z")
    if not now.trusted:
        raise CommandError("the clock is not set: whether it has expired cannot be told")
    if expires.timestamp() * 1e6 <= now.time:
        raise CommandError("expired")


def _answer(request: Request, answer: dict[str, Any]) -> Answer:
    return Answer(request.topic, request.correlation, msgspec.json.encode(answer))
