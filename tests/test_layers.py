"""The import table of docs/architecture.md, enforced by reading the imports."""

import ast
import graphlib
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STDLIB = sys.stdlib_module_names
NOUNS = {"edge_agent.events", "edge_agent.clock", "edge_agent.errors", "edge_agent.units"}

# The most specific prefix of a module decides: what it may import, besides its own package and
# the standard library.
ALLOWED = {
    "drivers": {"smbus2"},
    "drivers.base.pins": {"gpiozero", "lgpio"},
    "drivers.base.serial": {"serial"},
    "drivers.base.spi": {"spidev"},
    "simulators": {"smbus2"},
    "simulators.pins": {"gpiozero", "smbus2"},
    "edge_agent.events": NOUNS | {"msgspec"},
    "edge_agent.clock": set(),
    "edge_agent.errors": set(),
    "edge_agent.units": set(),
    "edge_agent.problems": set(),
    "edge_agent.paths": set(),
    "edge_agent.config": NOUNS | {"edge_agent.problems", "msgspec"},
    "edge_agent.acquire": NOUNS | {"drivers", "msgspec", "smbus2"},
    "edge_agent.blueprint": NOUNS
    | {
        "drivers",
        "edge_agent.acquire",
        "edge_agent.config",
        "edge_agent.deliver.mqtt.address",
        "edge_agent.deliver.notify",
        "edge_agent.evaluate",
        "edge_agent.problems",
        "edge_agent.paths",
    },
    "edge_agent.doctor": NOUNS
    | {
        "drivers",
        "edge_agent.acquire",
        "edge_agent.blueprint",
        "edge_agent.config",
        "edge_agent.deliver",
        "edge_agent.machine",
        "edge_agent.paths",
        "edge_agent.problems",
        "edge_agent.service",
        "edge_agent.store",
        "msgspec",
        "paho",
    },
    "edge_agent.machine": set(),
    "edge_agent.service": {"edge_agent.errors", "edge_agent.machine", "edge_agent.paths"},
    "edge_agent.survey": {"drivers", "edge_agent.acquire"},
    "edge_agent.threads": set(),
    "edge_agent.evaluate": NOUNS | {"edge_agent.units", "msgspec"},
    "edge_agent.store": NOUNS | {"msgspec", "sqlite_utils"},
    "edge_agent.testing": {
        "drivers",
        "edge_agent.acquire",
        "pytest",
        "simulators",
        "smbus2",
    },
    "edge_agent.deliver": NOUNS | {"msgspec"},
    "edge_agent.deliver.notify": NOUNS | {"msgspec", "apprise"},
    "edge_agent.deliver.mqtt": NOUNS | {"msgspec", "paho", "edge_agent.deliver"},
    "edge_agent.deliver.mqtt.broker": NOUNS | {"amqtt"},
    "edge_agent.observe": NOUNS | {"msgspec"},
}
# No threads, no database, no network, no waiting; nor in the whole of evaluate but its engine.
NO_IO = {"edge_agent.events", "edge_agent.acquire.schedule", "edge_agent.deliver.envelope"}
WITH_IO = {"edge_agent.evaluate.engine"}
IO = {"threading", "queue", "sqlite3", "socket", "select", "time", "subprocess", "asyncio"}
# Never at the top of a module of the agent, nor of one that is imported at the top.
LAZY = {"simulators", "amqtt", "rich", "gpiozero", "lgpio", "serial", "spidev", "apprise"}
HOLDERS = {"edge_agent.commands.simulation", "edge_agent.terminal.table"}  # themselves lazy
PLUGIN = "edge_agent.testing"  # imported by pytest alone
EXEMPT = (*HOLDERS, PLUGIN)


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_of(path): path
    for package in ("edge_agent", "drivers", "simulators")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names if is_ours(node.module, a))


def is_ours(module, alias):
    return f"{module}.{alias.name}" in MODULES


def top_level(tree):
    return ast.Module(
        [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], []
    )


def rule_for(module):
    prefixes = [p for p in ALLOWED if module == p or module.startswith(p + ".")]
    return max(prefixes, key=len, default=None)


def permitted(name, module, allowed):
    own = (
        ".".join(module.split(".")[:2])
        if module.startswith("edge_agent.")
        else module.split(".")[0]
    )
    own_package = own if own in {"drivers", "simulators"} or own.count(".") else module
    candidates = allowed | {own_package, *STDLIB}
    parents = {".".join(name.split(".")[:n]) for n in range(1, name.count(".") + 2)}
    if name == "edge_agent":
        return True  # `from edge_agent import x` is judged by x
    return bool(parents & candidates)


@pytest.mark.parametrize("module", sorted(m for m in MODULES if rule_for(m)))
def test_a_module_imports_only_what_the_table_allows(module):
    allowed = ALLOWED[rule_for(module)]
    found = set(imports(ast.parse(MODULES[module].read_text())))
    assert {name for name in found if not permitted(name, module, allowed)} == set()


def room_of(module):
    return ".".join(module.split(".")[:2]) if module.startswith("edge_agent.") else module


def test_no_two_rooms_need_each_other():
    graph = {}
    for module in (one for one in MODULES if one.startswith("edge_agent.")):
        found = imports(ast.parse(MODULES[module].read_text()))
        others = {room_of(name) for name in found if name.startswith("edge_agent.")}
        graph.setdefault(room_of(module), set()).update(others - {room_of(module)})
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    "module",
    sorted(NO_IO | {m for m in MODULES if m.startswith("edge_agent.evaluate")} - WITH_IO),
)
def test_a_module_without_io_has_no_thread_clock_disk_or_network(module):
    found = {name.split(".")[0] for name in imports(ast.parse(MODULES[module].read_text()))}
    assert found & IO == set()


@pytest.mark.parametrize(
    "module",
    sorted(
        m for m in MODULES if m.startswith("edge_agent") and not m.startswith((*HOLDERS, PLUGIN))
    ),
)
def test_simulators_and_heavy_libraries_are_imported_only_when_asked_for(module):
    names = set(imports(top_level(ast.parse(MODULES[module].read_text()))))
    assert {name.split(".")[0] for name in names} & LAZY == set()
    assert {name for name in names if name.startswith(EXEMPT)} == set()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_our_code_has_no_locks(module):
    tree = ast.parse(MODULES[module].read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert names & {"Lock", "RLock", "Semaphore", "Condition"} == set()


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
