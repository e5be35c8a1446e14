"""A condition that wants a channel to be stale, and its value as well: it never holds."""

import ast
from collections.abc import Iterator

from edge_agent.evaluate.expressions.functions import AGES
from edge_agent.evaluate.expressions.line import Line


def valueless(line: Line, node: ast.BoolOp) -> str:
    """Return a channel of an `and` that one part wants to be stale, and another to have a value.

    "" if there is none: a value that is missing makes its part unknown, which is not true.
    """
    parts = [_plain(part) for part in node.values]
    gone = {line.piece(one) for part in node.values for one in _stale(part)}
    needed = (name for part in parts for name in _needed(line, part))
    return next((name for name in needed if name in gone), "")


def _plain(node: ast.expr) -> ast.expr:
    """Return what `not` stands before."""
    return _plain(node.operand) if isinstance(node, ast.UnaryOp) else node


def _stale(node: ast.expr) -> list[ast.expr]:
    """Return what a call of `stale` is about; nothing for anything else."""
    match node:
        case ast.Call(func=ast.Name(id="stale"), args=[channel]):
            return [channel]
    return []


def _is_age(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in AGES


def _needed(line: Line, node: ast.AST) -> Iterator[str]:
    """Yield the pieces without which a part is unknown; a part of an `or` is not needed."""
    if isinstance(node, ast.BoolOp) or not isinstance(node, ast.expr) or _is_age(node):
        return
    yield line.piece(node)
    for child in ast.iter_child_nodes(node):
        yield from _needed(line, child)
