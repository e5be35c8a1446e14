"""Calls: the functions of an expression, their arguments checked."""

import ast
from typing import Protocol

from edge_agent.evaluate.expressions import logic
from edge_agent.evaluate.expressions.expression import Known, Span
from edge_agent.evaluate.expressions.functions import (
    FORMS,
    FUNCTIONS,
    LONGEST,
    MOST,
    PER,
    POSITIVE,
    RISES,
)
from edge_agent.evaluate.expressions.ranges import ValueRange
from edge_agent.evaluate.expressions.typed import Term


class Source(Protocol):
    """The line that is being read."""

    inputs: set[str]
    spans: set[Span]
    timed: bool

    def channel(self, node: ast.expr) -> str:
        """Return the name of a channel, and count on it; nothing where it is none."""
        ...

    def known(self, name: str) -> Known:
        """Return what is known of a name."""
        ...

    def term(self, node: ast.expr) -> Term:
        """Return what a node means."""
        ...

    def piece(self, node: ast.expr) -> str:
        """Return the text of a node."""
        ...

    def note(self, node: ast.expr, what: str) -> Term:
        """Note a problem with one piece; it means nothing then."""
        ...


class Calls:
    """Reads calls for the line that it belongs to."""

    def __init__(self, text: Source) -> None:
        self._text = text

    def term(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> Term:
        """Return what a call means."""
        if name not in FORMS:
            known = ", ".join(FORMS)
            return self._text.note(node, f"calls no function; the functions are {known}")
        wanted = 1 if name in {"age", "stale"} else 2
        if not wanted <= len(arguments) <= wanted + (name == "rate"):
            return self._text.note(node, f"has other arguments than {FORMS[name]}")
        channel = self._text.channel(arguments[0])
        if not channel:
            return Term()
        if wanted == 1:
            return self._of_age(name, channel)
        return self._windowed(node, name, channel, arguments[1:])

    def _of_age(self, name: str, channel: str) -> Term:
        self._text.timed = True
        if name == "age":
            return Term(None, logic.age(channel), POSITIVE, "s")
        return Term(truth=logic.stale(channel, self._text.known(channel).max_age))

    def _windowed(self, node: ast.expr, name: str, channel: str, arguments: list[ast.expr]) -> Term:
        known = self._text.known(channel)
        seconds = self._seconds(arguments[0], known)
        factor = self._factor(arguments[1:])
        if known.kind == "binary" and name != "count":
            return self._text.note(node, "asks for a number of what is on or off; use count")
        if seconds is None or factor is None:
            return Term()
        function = RISES if known.kind == "binary" else FUNCTIONS[name]
        self._text.spans.add(Span(channel, seconds, known.max_age))
        number = logic.windowed(function.method, channel, seconds, factor)
        span = function.range(ValueRange(known.low, known.high))
        return Term(None, number, span, known.unit if function.keeps_unit else "")

    def _seconds(self, node: ast.expr, known: Known) -> float | None:
        term = self._text.term(node)
        if not term.range.is_point or term.unit not in {"", "s"}:
            self._text.note(node, "is not a length of time; write one such as 10m")
            return None
        seconds = term.range.low
        shortest, longest = 2 * known.every, min(LONGEST, MOST * known.every)
        if not shortest <= seconds <= longest:
            fits = f"{shortest:g}s to {longest:g}s"
            self._text.note(node, f"is not within {fits}, which every {known.every:g} s allow")
            return None
        return seconds

    def _factor(self, nodes: list[ast.expr]) -> float | None:
        for node in nodes:
            word = self._text.piece(node)
            if word not in PER:
                self._text.note(node, f"is none of {', '.join(PER)}")
            return PER.get(word)
        return 1.0
