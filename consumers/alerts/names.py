"""What a condition over a fleet names, besides what the agent's own language knows.

`greenhouse.air.temperature` is a channel of a node, `any(node).air.temperature` that of each node
in turn. `silent(node) for 10m` is true or false, and so is `count(nodes with …) >= 2`.
"""

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from edge_agent.units import Duration

NODE = r"[A-Za-z0-9_-]{1,64}"
CHANNEL = r"[A-Za-z_][\w-]*\.[A-Za-z_]\w*"
NO_WORD = r"(?!(?:and|or|not)-)"
BEFORE, AFTER = r"(?<![\w.-])", r"(?![\w.(])"
NAMED = re.compile(rf"{BEFORE}{NO_WORD}({NODE})\.({CHANNEL}){AFTER}", re.ASCII)
EACH = re.compile(rf"(?<![\w.])any\(node\)\.({CHANNEL}){AFTER}", re.ASCII)
LOCAL = re.compile(rf"{BEFORE}{NO_WORD}({CHANNEL}){AFTER}", re.ASCII)
LENGTH = r"\d+(?:\.\d+)? ?(?:ms|s|m|h|d)"
TESTS = {"silent": "for", "failing": "for", "lost": "within", "clock_off": "", "late": ""}
DISCONNECTED, SOURCE = "disconnected", "source"  # the one test that is about no node
FORMS = {name: f"{name}(node)" + (f" {word} 10m" if word else "") for name, word in TESTS.items()}
TESTS[DISCONNECTED], FORMS[DISCONNECTED] = "for", f"{DISCONNECTED}({SOURCE}) for 10m"
TEST = re.compile(
    rf"(?<![\w.])({'|'.join(TESTS)})\(({NODE})\)(?: (for|within) ({LENGTH})(?![\w.]))?", re.ASCII
)
QUANTIFIER = re.compile(r"(?<![\w.])(count|all|any)\( ?nodes with ")
COMPARISON = re.compile(r" ?(<=|>=|==|!=|<|>) ?(\d{1,9})(?![\w.%])")
OPERATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
EACH_NODE = "node"  # as in silent(node)


class NodeChannel(NamedTuple):
    """A channel of a node; `node` is "" for the node that a rule or a clause is about."""

    node: str
    channel: str


class NodeTest(NamedTuple):
    """A question about a node, such as whether it has been silent for some seconds."""

    test: str
    node: str
    seconds: float


class Clause(NamedTuple):
    """How many nodes fulfil a condition, of which only the `text` is known yet."""

    quantifier: str
    text: str
    comparison: str = ">="
    number: int = 1


class UnusableName(ValueError):
    """A piece of a condition that has a fleet's form, but no meaning; the text says why."""


def clauses_in(text: str) -> Iterator[tuple[str, Clause]]:
    """Yield each piece such as `count(nodes with …) >= 2`; raise UnusableName."""
    at = 0
    while found := QUANTIFIER.search(text, at):
        end = _closing(text, found.end())
        inner = text[found.end() : end - 1].strip()
        if QUANTIFIER.search(inner):
            raise UnusableName(f"{text[found.start() : end]!r} has a clause within a clause")
        if found[1] != "count":
            yield text[found.start() : end], Clause(found[1], inner)
        else:
            compared = COMPARISON.match(text, end)
            if not compared:
                piece = text[found.start() : end]
                raise UnusableName(f"{piece!r} is a number; compare it, as in {piece} >= 2")
            end = compared.end()
            clause = Clause("count", inner, compared[1], int(compared[2]))
            yield text[found.start() : end], clause
        at = end


def tests_in(text: str) -> Iterator[tuple[str, NodeTest]]:
    """Yield each piece such as `silent(node) for 10m`; raise UnusableName."""
    for found in TEST.finditer(text):
        name, node, word, length = found.groups()
        if (word or "") != TESTS[name] or (name == DISCONNECTED and node != SOURCE):
            raise UnusableName(f"{found[0]!r} is not understood; write {FORMS[name]}")
        seconds = Duration.parse(length) if length else 0.0
        yield found[0], NodeTest(name, "" if node == EACH_NODE else node, seconds)


def channels_in(text: str, *, clause: bool) -> Iterator[tuple[str, NodeChannel]]:
    """Yield the channels of a text; in a `clause`, its node is not written. Raise UnusableName."""
    for found in EACH.finditer(text):
        if clause:
            raise UnusableName(f"{found[0]!r} is within a clause; write {found[1]}")
        yield found[0], NodeChannel("", found[1])
    rest = EACH.sub(_blank, text)
    yield from ((found[0], NodeChannel(found[1], found[2])) for found in NAMED.finditer(rest))
    for found in LOCAL.finditer(NAMED.sub(_blank, rest)):
        if not clause:
            how = f"write any(node).{found[1]}, or a node's name before it"
            raise UnusableName(f"{found[1]!r} names no node; {how}")
        yield found[0], NodeChannel("", found[1])


def _closing(text: str, at: int) -> int:
    """Return the position behind the parenthesis that closes the one before `at`."""
    depth = 1
    for n, character in enumerate(text[at:], at):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            return n + 1
    raise UnusableName(f"{text!r}: a parenthesis is not closed")


def _blank(found: re.Match[str]) -> str:
    return "_" * len(found[0])
