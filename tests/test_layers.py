"""The table docs/layers.toml holds for every import: the code is read, and nothing is run."""

import ast
import graphlib
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge_agent", "drivers", "simulators", "consumers")
TABLE = tomllib.loads((ROOT / "docs/layers.toml").read_text())
LAYERS = {layer["name"]: layer for layer in TABLE["layer"]}
IMPURE = {"asyncio", "datetime", "glob", "io", "os", "pathlib", "queue", "random"}
IMPURE |= {"select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile"}
IMPURE |= {"threading", "time"}
# Types and arithmetic of these are pure; `now` and its kin are looked for by name.
TYPES = {"datetime", "io", "pathlib"}
CLOCKS = {"now", "today", "utcnow", "monotonic", "perf_counter"}
# Never at the top of a module of the agent, nor of one that is imported at the top.
LAZY = {"simulators", "amqtt", "rich", "gpiozero", "lgpio", "serial", "spidev", "apprise"}
LAZY |= {"confluent_kafka", "psycopg"}  # 14 MB; an extra
HOLDERS = {"edge_agent.commands.simulation", "edge_agent.terminal.table"}  # themselves lazy
HOLDERS |= {"edge_agent.terminal.board", "edge_agent.terminal.layout"}  # parts of the table
HOLDERS |= {"edge_agent.deliver.kafka.cluster", "edge_agent.deliver.kafka.producer"}
PLUGIN = "edge_agent.testing"  # imported by pytest alone
EXEMPT = (*HOLDERS, PLUGIN)


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))
}


class Code(NamedTuple):
    """What the code of a module imports, at its top and anywhere, and the attributes it uses."""

    imports: frozenset[str]
    at_top: frozenset[str]
    attributes: frozenset[str]


@cache
def code_of(module):
    tree = ast.parse(MODULES[module].read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = frozenset(imports(tree)), frozenset(imports(top_level(tree)))
    return Code(*found, frozenset(used))


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (from_import(node.module, alias.name) for alias in node.names)


def from_import(module, name):
    """Return the module that `from module import name` needs."""
    return f"{module}.{name}" if f"{module}.{name}" in MODULES else module


def top_level(tree):
    return ast.Module(
        [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], []
    )


def below(name, prefixes):
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def package_of(module):
    """Return the package below edge_agent, or the package itself."""
    return ".".join(module.split(".")[: 2 if module.startswith("edge_agent.") else 1])


@cache
def layer_of(module):
    return LAYERS[max((name for name in LAYERS if below(module, [name])), key=len)]


def permitted(name, module, layer):
    allowed = {word for word in layer["may"] if word not in {"nouns", "*"}}
    allowed |= set(TABLE["nouns"]) if "nouns" in layer["may"] else set()
    if below(name, [package_of(module), *sys.stdlib_module_names, *allowed]):
        return True
    return "*" in layer["may"] and not below(name, layer.get("never", []))


def forbidden(module):
    layer = layer_of(module)
    return {name for name in code_of(module).imports if not permitted(name, module, layer)}


def test_a_module_imports_only_what_the_table_allows():
    assert only_full({module: forbidden(module) for module in MODULES}) == {}


def only_full(found):
    """Return the modules of which something was found, and what."""
    return {module: names for module, names in found.items() if names}


def test_a_line_of_the_table_is_about_a_module_that_exists():
    assert LAYERS.keys() - MODULES.keys() == set()


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_line_of_the_table_allows_nothing_that_is_not_used(name):
    layer = LAYERS[name]
    found = {each for one in MODULES if layer_of(one) is layer for each in code_of(one).imports}
    listed = [word for word in layer["may"] if word not in {"nouns", "*"}]
    assert [word for word in listed if not any(below(one, [word]) for one in found)] == []


def test_nothing_but_consumers_and_their_contract_imports_them():
    others = [module for module in MODULES if not below(module, ["consumers", PLUGIN])]
    found = {name for module in others for name in code_of(module).imports}
    assert {name for name in found if below(name, ["consumers"])} == set()


def circles(modules, group=lambda name: name):
    """Return the first circle of imports between the groups of the modules, or nothing."""
    graph = {group(one): set() for one in modules}
    for one in modules:
        needed = {group(name) for name in code_of(one).imports if name in modules}
        graph[group(one)] |= needed - {group(one)}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_two_modules_need_each_other():
    assert circles(MODULES) == []


def test_no_two_packages_need_each_other():
    assert circles([one for one in MODULES if one != "edge_agent"], package_of) == []


def is_pure(module):
    return below(module, TABLE["pure"]["modules"]) and module not in TABLE["pure"]["not"]


def impure(module):
    packages = {name.split(".")[0] for name in code_of(module).imports}
    return packages & (IMPURE - TYPES) | code_of(module).attributes & CLOCKS


def test_a_pure_module_has_no_thread_clock_disk_or_network():
    assert only_full({module: impure(module) for module in filter(is_pure, MODULES)}) == {}


def heavy(module):
    names = code_of(module).at_top
    return {n for n in names if n.split(".")[0] in LAZY or n.startswith(EXEMPT)}


def test_simulators_and_heavy_libraries_are_imported_only_when_asked_for():
    agents = [one for one in MODULES if one.startswith("edge_agent") and not one.startswith(EXEMPT)]
    assert only_full({module: heavy(module) for module in agents}) == {}
