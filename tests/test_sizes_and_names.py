"""What a reader may rely on: short modules and functions, one meaning of a name, no locks."""

import ast
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge_agent", "drivers", "simulators", "consumers")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULE_LINES = 250
FUNCTION_LINES = 30
LOCKS = {"Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"}


def nodes(path, kind):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kind)]


def named(path):
    return str(path.relative_to(ROOT))


def lines(node):
    return node.end_lineno - node.lineno + 1


def test_a_module_has_no_more_than_250_lines():
    long = {named(path) for path in FILES if len(path.read_text().splitlines()) > MODULE_LINES}
    assert long == set()


def test_a_function_has_no_more_than_30_lines():
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    long = {
        f"{named(path)}: {node.name}"
        for path in FILES
        for node in nodes(path, functions)
        if lines(node) > FUNCTION_LINES
    }
    assert long == set()


def test_a_class_name_has_one_meaning_in_the_agent_and_the_consumers():
    ours = [path for path in FILES if named(path).startswith(("edge_agent/", "consumers/"))]
    names = Counter(node.name for path in ours for node in nodes(path, ast.ClassDef))
    assert {name for name, count in names.items() if count > 1} == set()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_our_code_has_no_locks(path):
    names = {node.attr for node in nodes(path, ast.Attribute)}
    names |= {alias.name for node in nodes(path, ast.ImportFrom) for alias in node.names}
    assert names & LOCKS == set()


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


@pytest.mark.parametrize(
    "path", sorted((*ROOT.glob("drivers/base/*.py"), *ROOT.glob("simulators/base/*.py")))
)
def test_what_chips_share_knows_no_chip(path):
    package = path.parts[-3]
    chips = {each.split(":")[0] for each in entry_points(f"edge_agent.{package}").values()}
    nodes = ast.walk(ast.parse(path.read_text()))
    imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported & chips == set()
