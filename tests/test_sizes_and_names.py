"""What a reader may rely on: short modules and functions, one meaning of a name, no locks."""

import ast
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge_agent", "drivers", "simulators", "consumers")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULE_LINES = 250
FUNCTION_LINES = 30
LOCKS = {"Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"}


class Named(NamedTuple):
    """The functions of a file with their lengths in lines, its classes, and what else it names."""

    functions: list[tuple[str, int]]
    classes: list[str]
    uses: set[str]


@cache
def names_of(path):
    functions, classes, uses = [], [], set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                functions.append((node.name, lines(node)))
            case ast.ClassDef():
                classes.append(node.name)
            case ast.Attribute():
                uses.add(node.attr)
            case ast.ImportFrom():
                uses |= {alias.name for alias in node.names}
    return Named(functions, classes, uses)


def named(path):
    return str(path.relative_to(ROOT))


def lines(node):
    return node.end_lineno - node.lineno + 1


def test_a_module_has_no_more_than_250_lines():
    long = {named(path) for path in FILES if len(path.read_text().splitlines()) > MODULE_LINES}
    assert long == set()


def test_a_function_has_no_more_than_30_lines():
    long = {
        f"{named(path)}: {name}"
        for path in FILES
        for name, count in names_of(path).functions
        if count > FUNCTION_LINES
    }
    assert long == set()


def test_a_class_name_has_one_meaning_in_the_agent_and_the_consumers():
    ours = [path for path in FILES if named(path).startswith(("edge_agent/", "consumers/"))]
    names = Counter(name for path in ours for name in names_of(path).classes)
    assert {name for name, count in names.items() if count > 1} == set()


def test_our_code_has_no_locks():
    assert {named(path) for path in FILES if names_of(path).uses & LOCKS} == set()


def test_every_chip_has_one_driver_one_model_and_one_test_of_one_name():
    drivers = set(entry_points("edge_agent.drivers"))
    assert drivers == set(entry_points("edge_agent.simulators"))
    chips = {name.removesuffix("_output").removesuffix("_servo") for name in drivers}
    assert {name for name in chips if not (ROOT / f"drivers/{name}.py").exists()} == set()
    assert {name for name in chips if not (ROOT / f"simulators/{name}.py").exists()} == set()
    assert {n for n in chips if not (ROOT / f"tests/drivers/test_{n}.py").exists()} == set()


def entry_points(group):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project["entry-points"][group]


@pytest.mark.parametrize("package", ["drivers", "simulators"])
def test_what_chips_share_knows_no_chip(package):
    chips = {each.split(":")[0] for each in entry_points(f"edge_agent.{package}").values()}
    shared = ROOT.glob(f"{package}/base/*.py")
    assert {named(path): found for path in shared if (found := sources(path) & chips)} == {}


def sources(path):
    """Return the modules that a file imports from."""
    found = ast.walk(ast.parse(path.read_text()))
    return {node.module for node in found if isinstance(node, ast.ImportFrom)}
