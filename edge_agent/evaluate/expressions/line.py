"""One line of text on its way to an expression: what it depends on, and what is wrong with it."""

import ast
from collections.abc import Mapping

from edge_agent.evaluate.expressions.expression import Known, Span
from edge_agent.evaluate.expressions.literals import Literals
from edge_agent.evaluate.expressions.mistakes import likely, name_remedy
from edge_agent.evaluate.expressions.typed import NOTHING, Term

MOST = 20  # names that a message lists


class Line:
    """A text, the nodes of which are read one by one; `known` are the names that may appear.

    `inputs`, `spans` and `timed` become those of the expression. Python reads `masked`.
    """

    def __init__(self, text: str, known: Mapping[str, Known]) -> None:
        self.text = text
        self.known = known
        self.literals = Literals(known, (one.unit for one in known.values()))
        self.masked = self.literals.mask(text)
        self.inputs: set[str] = set()
        self.spans: set[Span] = set()
        self.timed = False
        self.problems: list[str] = []
        self.offsets: list[int] = []  # where the piece of each problem begins

    def piece(self, node: ast.expr) -> str:
        """Return the text of a node; its mask has the same number of characters."""
        end = len(self.masked.encode()[: node.end_col_offset].decode())
        return self.text[self._start(node) : end]

    def _start(self, node: ast.expr) -> int:
        return len(self.masked.encode()[: node.col_offset].decode())

    def channel(self, node: ast.expr) -> str:
        """Return the name of a channel, which is an input from now on; "" for anything else."""
        name = self.piece(node)
        if name not in self.known or "." not in name:
            self.note_unknown(node)
            return ""
        self.inputs.add(name)
        return name

    def depends_on_time(self) -> None:
        """Note that time alone may change the result."""
        self.timed = True

    def note(self, node: ast.expr, what: str) -> Term:
        """Note a problem with one piece, which has no meaning then."""
        self.problems.append(f"{cut(self.piece(node))!r} {what}")
        self.offsets.append(self._start(node))
        return NOTHING

    def note_unknown(self, node: ast.expr) -> Term:
        """Note a name that has no meaning, with the nearest one that has."""
        if what := name_remedy(self.piece(node)):
            return self.note(node, f"is not a channel; {what}")
        if near := likely(self.piece(node), self.known):
            return self.note(node, f"is not a channel; did you mean {near!r}?")
        known = ", ".join(sorted(self.known)[:MOST]) or "none"
        return self.note(node, f"is not a channel; known: {known}{', …'[: len(self.known) - MOST]}")


def cut(text: str) -> str:
    """Return a text short enough for one line of an error message."""
    return text if len(text) <= 60 else text[:57] + "…"
