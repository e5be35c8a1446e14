"""Crash points: the agent kills itself before or after a named statement, at the n-th time.

The product knows nothing of it: `inject/sitecustomize.py`, first on the agent's path, lets Python
compile the module with one call more. A statement that is not there fails the run.
"""

import ast
import importlib.abc
import importlib.machinery
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple, TypeAlias

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
VARIABLE = "EDGE_CRASH"
Action: TypeAlias = Callable[[], None]
FULL = "EDGE_FULL"  # a file: while it is there, the event log cannot be written


class Boundary(NamedTuple):
    """A place between two statements; `statement` is a part of one, as `ast.unparse` writes it."""

    module: str
    function: str
    statement: str
    side: str = "before"

    def __str__(self) -> str:
        return f"{self.side} {self.function}: {self.statement}"


class Crash(NamedTuple):
    """SIGKILL at the n-th time at a boundary, after `stall` seconds in which other threads run."""

    boundary: Boundary
    hit: int = 1
    stall: float = 0.0

    def environment(self) -> dict[str, str]:
        """Return what the agent must be started with."""
        return {VARIABLE: "\n".join((*self.boundary, str(self.hit), str(self.stall)))}

    @classmethod
    def of(cls, text: str) -> "Crash":
        *boundary, hit, stall = text.split("\n")
        return cls(Boundary(*boundary), int(hit), float(stall))


def path_with(*first: Path) -> dict[str, str]:
    """Return the environment in which Python looks into these directories first."""
    return {"PYTHONPATH": os.pathsep.join(map(str, (*first, ROOT)))}


INJECTED = path_with(HERE / "inject")


# ── In the agent's process ────────────────────────────────────────────────────────────────────────


def arm() -> None:
    """Do what the environment asks for."""
    text = os.environ.get(VARIABLE)
    if text:
        crash = Crash.of(text)
        insert(crash.boundary, _killing(crash))
    if FULL in os.environ:
        begin = Boundary("edge_agent.store.event_log", "EventLog.transaction", "BEGIN IMMEDIATE")
        insert(begin, _filling(Path(os.environ[FULL])))


def _killing(crash: Crash) -> Action:
    hits = itertools.count(1)

    def reached() -> None:
        if next(hits) == crash.hit:
            time.sleep(crash.stall)
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _filling(file: Path) -> Action:
    import sqlite3  # noqa: PLC0415 - the agent imports it anyway, a little later

    def begun() -> None:
        if file.exists():
            raise sqlite3.OperationalError("database or disk is full")

    return begun


def insert(boundary: Boundary, action: Action) -> None:
    """Have an action called at a boundary once its module is imported."""
    assert boundary.module not in sys.modules, boundary
    sys.meta_path.insert(0, Finder(boundary, action))


class Finder(importlib.abc.MetaPathFinder):
    """Finds one module as always, but gives it another loader."""

    def __init__(self, boundary: Boundary, action: Action) -> None:
        self._boundary = boundary
        self._action = action

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._boundary.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = Loader(name, spec.origin, self._boundary, self._action)
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module with a call at the boundary; takes and leaves no byte code."""

    def __init__(self, name: str, path: str, boundary: Boundary, action: Action) -> None:
        super().__init__(name, path)
        self._boundary = boundary
        self._action = action

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_data(self.path))
        put(tree, self._boundary)
        return compile(ast.fix_missing_locations(tree), self.path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__reached__"] = self._action
        super().exec_module(module)


def put(tree: ast.Module, boundary: Boundary) -> None:
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
    call = ast.parse("__reached__()").body[0]
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
