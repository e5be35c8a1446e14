"""Imports modules of the product with changes: a call at a boundary, or another text.

What is to be changed and is not there fails the import.
"""

import ast
import importlib.abc
import importlib.machinery
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, ModuleType
from typing import NamedTuple, TypeAlias

Action: TypeAlias = Callable[[], None]


class Boundary(NamedTuple):
    """A place between two statements; `statement` is a part of one, as `ast.unparse` writes it."""

    module: str
    function: str
    statement: str
    side: str = "before"

    def __str__(self) -> str:
        return f"{self.side} {self.function}: {self.statement}"


class Importer(importlib.abc.MetaPathFinder):
    """Finds the modules that are to be changed as always, but gives them another loader."""

    def __init__(self) -> None:
        self._calls: defaultdict[str, list[tuple[Boundary, Action]]] = defaultdict(list)
        self._texts: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)

    def call(self, boundary: Boundary, action: Action) -> None:
        """Have an action called at a boundary."""
        self._calls[boundary.module].append((boundary, action))

    def replace(self, module: str, old: str, new: str) -> None:
        """Have a text replaced."""
        self._texts[module].append((old, new))

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self._calls and name not in self._texts:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = Loader(name, spec.origin, self._calls[name], self._texts[name])
        return spec

    def install(self) -> None:
        """Import through this from now on."""
        changed = self._calls.keys() | self._texts.keys()
        assert not changed & sys.modules.keys(), changed
        sys.meta_path.insert(0, self)


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module with its changes; takes and leaves no byte code."""

    def __init__(
        self,
        name: str,
        path: str,
        calls: Sequence[tuple[Boundary, Action]],
        texts: Sequence[tuple[str, str]],
    ) -> None:
        super().__init__(name, path)
        self._calls = calls
        self._texts = texts

    def get_code(self, fullname: str) -> CodeType:
        source = replaced(self.get_data(self.path).decode(), self._texts)
        tree = ast.parse(source)
        for n, (boundary, _) in enumerate(self._calls):
            put(tree, boundary, f"__reached_{n}__()")
        return compile(ast.fix_missing_locations(tree), self.path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        for n, (_, action) in enumerate(self._calls):
            module.__dict__[f"__reached_{n}__"] = action
        super().exec_module(module)


def replaced(source: str, texts: Sequence[tuple[str, str]]) -> str:
    """Return a source with other texts; each must be there once."""
    for old, new in texts:
        assert source.count(old) == 1, f"not there once: {old}"
        source = source.replace(old, new)
    return source


def put(tree: ast.Module, boundary: Boundary, text: str = "pass") -> None:
    """Insert the call into the innermost statement that has the boundary's text."""
    function = _function(tree, boundary.function.split("."))
    found = [
        (len(ast.unparse(statement)), body, statement)
        for body in _bodies(function)
        for statement in body
        if boundary.statement in ast.unparse(statement)
    ]
    assert found, f"there is no such statement: {boundary}"
    _, body, statement = min(found, key=lambda one: one[0])
    call = ast.parse(text).body[0]
    ast.copy_location(call, statement)
    body.insert(body.index(statement) + (boundary.side == "after"), call)


def _function(tree: ast.AST, names: Sequence[str]) -> ast.AST:
    for name in names:
        named = [one for one in ast.iter_child_nodes(tree) if getattr(one, "name", "") == name]
        assert named, f"there is no {name}"
        tree = named[0]
    return tree


def _bodies(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                yield body
