"""What a fleet's conditions are evaluated with: the names in them, as they are at one moment."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from consumers.alerts.expression import FleetNames, Quantified
from consumers.alerts.names import DISCONNECTED, NodeTest
from consumers.alerts.nodes import FleetNode, NodeState
from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.expression import Span
from edge_agent.evaluate.expressions.ranges import ValueRange, decided
from edge_agent.evaluate.expressions.windows import Window


class Listening(NamedTuple):
    """Whether the source is connected, and since when it is so."""

    connected: bool
    since: int


class FleetView(NamedTuple):
    """The fleet at one moment; `began` is when we began to listen. Times are µs since 1970.

    `max_age` returns for how many µs a value of a channel stays current.
    """

    nodes: Mapping[str, FleetNode]
    at: int
    began: int
    listening: Listening
    max_age: Callable[[str], int]

    def current(self, node: FleetNode, channel: str) -> float | None:
        """Return the current value of a channel; None if there is none."""
        value, at = node.state.measured.get(channel, (None, 0))
        return value if self.at - at < self.max_age(channel) else None

    def context(
        self,
        names: FleetNames,
        spans: Iterable[Span],
        node: FleetNode | None,
        answers: Mapping[str, bool | None],
    ) -> Context:
        """Return what conditions with these names are evaluated with, about `node`.

        `answers` has what is known of the clauses in them. The node's own channels are also found
        without a node before them, for messages.
        """
        values: dict[str, float] = {}
        seen: dict[str, int] = {}
        for piece, name in names.channels.items():
            found = self._found(name.node, node)
            if found is None or name.channel not in found.state.seen:
                continue
            seen[piece] = found.state.seen[name.channel]
            if (value := self.current(found, name.channel)) is not None:
                values[piece] = value
                values.setdefault(piece if name.node else name.channel, value)
        for piece, test in names.tests.items():
            if (truth := self.answer(test, node)) is not None:
                values[piece] = float(truth)
        values |= {piece: float(truth) for piece, truth in answers.items() if truth is not None}
        moment = Moment(self.at, self.at, trusted=True)
        return Context(values, moment, self._windows(names, spans, node), seen, self.began)

    def _windows(
        self, names: FleetNames, spans: Iterable[Span], node: FleetNode | None
    ) -> dict[tuple[str, float], Window]:
        windows = {}
        for span in spans:
            name = names.channels[span.channel]
            if (found := self._found(name.node, node)) is not None:
                windows[span.channel, span.seconds] = found.windows[name.channel, span.seconds]
        return windows

    def _found(self, name: str, node: FleetNode | None) -> FleetNode | None:
        """Return the node of this name; "" is the one that a condition is about."""
        return self.nodes.get(name) if name else node

    def answer(self, test: NodeTest, node: FleetNode | None) -> bool | None:
        """Return whether a node is as a test asks; None if that is not known yet."""
        length = round(test.seconds * 1e6)
        if test.test == DISCONNECTED:
            return not self.listening.connected and self.at - self.listening.since >= length
        found = self._found(test.node, node)
        if test.test == "silent":
            return self._silent(found, length)
        return None if found is None else self._of_state(test.test, found.state, length)

    def _of_state(self, test: str, state: NodeState, length: int) -> bool | None:
        if test == "lost":
            return state.lost_at is not None and self.at - state.lost_at < length
        if test == "failing":
            return any(self.at - since >= length for since in state.failing.values())
        if not state.clock:
            return None
        return state.clock == "late" if test == "late" else state.clock in {"ahead", "unset"}

    def _silent(self, node: FleetNode | None, length: int) -> bool | None:
        """Only what we have listened to counts: before, or while we do not, it may have spoken."""
        connected, since = self.listening
        if not connected:
            return None
        heard = node.state.heard_at if node else None
        if heard is not None and heard >= since:
            return self.at - heard >= length
        return True if self.at - since >= length else None


class ClauseAnswers:
    """Which nodes fulfil the condition of a clause: each node's answer, and their number."""

    def __init__(self, quantified: Quantified) -> None:
        self.condition = quantified.condition
        self._quantified = quantified
        self._answers: dict[str, bool | None] = {}
        self._counts: Counter[bool | None] = Counter()

    def waits(self, node: FleetNode, view: FleetView) -> bool:
        """Return whether time has changed nothing for a node: its values are as they were."""
        names, expression = self.condition.names, self.condition.expression
        if (
            expression.timed
            or expression.spans
            or names.of_others
            or node.name not in self._answers
        ):
            return False
        return self._answers[node.name] is None or all(
            view.current(node, name) is not None for name in names.own
        )

    def put(self, node: str, answer: bool | None) -> bool:
        """Note a node's answer; return whether it is another one than before."""
        if node in self._answers and self._answers[node] is answer:
            return False
        self.remove(node)
        self._answers[node] = answer
        self._counts[answer] += 1
        return True

    def remove(self, node: str) -> None:
        """Forget a node."""
        if node in self._answers:
            self._counts[self._answers.pop(node)] -= 1

    def truth(self) -> bool | None:
        """Return whether the clause holds; unknown if nodes whose answer is unknown decide it.

        Without any node it is unknown.
        """
        yes, unknown = self._counts[True], self._counts[None]
        if not self._answers:
            return None
        if self._quantified.quantifier == "all":
            return False if self._counts[False] else None if unknown else True
        number = float(self._quantified.number)
        possible = ValueRange(float(yes), float(yes + unknown))
        return decided(self._quantified.operation, possible, ValueRange(number, number))

    def fulfilling(self) -> list[str]:
        """Return the nodes that fulfil the condition."""
        return [node for node, answer in self._answers.items() if answer]
