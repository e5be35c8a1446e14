"""What an engine takes from its inbox, and the parts with which it evaluates."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from edge_agent.evaluate.commands.execute import CommandExecutor
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.switching import SettingResult
from edge_agent.evaluate.rules.rule_set import NOTHING, RuleChanges, RuleSet
from edge_agent.events import Alert, Finished, Reading, Request, Switched

Shown: TypeAlias = Reading | Alert | Switched


class EvaluationParts(NamedTuple):
    """What an engine evaluates with.

    `ended` is what to report, and to save, of what did not outlast the start: rules that the
    configuration no longer has, orders of outputs.
    """

    current: CurrentValues
    rule_set: RuleSet
    outputs: OutputSet
    executor: CommandExecutor
    ended: RuleChanges = NOTHING


class NewParts(NamedTuple):
    """Another configuration: `parts` makes its parts from those in force; `kept` rules go on.

    `done` takes an error, or nothing: then the new parts are in force. `claim` returns whether they
    are still wanted; after that they cannot be taken back.
    """

    parts: Callable[[EvaluationParts], EvaluationParts]
    kept: frozenset[str]
    done: Callable[[str], None]
    claim: Callable[[], bool]


class ShowAgain(NamedTuple):
    """A request to repeat what was shown, between two values: a new sink does not know it."""

    repeat: Callable[[], None]


class MakeSafe(NamedTuple):
    """The agent stops: outputs become safe now and stay so; readings are still evaluated."""


EngineItem: TypeAlias = (
    Reading | Request | Finished | SettingResult | NewParts | ShowAgain | MakeSafe | None
)
