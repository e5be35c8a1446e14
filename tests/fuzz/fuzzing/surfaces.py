"""The surfaces, and the inputs that were found to break one."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

# By name, the packages whose branches guide the search.
SURFACES: dict[str, tuple[str, ...]] = {
    "configuration": (
        "edge_agent.config",
        "edge_agent.blueprint",
        "edge_agent.acquire.catalog",
        "edge_agent.problems",
        "edge_agent.units",
        "edge_agent.evaluate.expressions",
        "edge_agent.deliver.mqtt.check",
        "edge_agent.deliver.mqtt.address",
    ),
    "commands": (
        "edge_agent.evaluate",
        "edge_agent.deliver.mqtt.commands",
        "edge_agent.events",
    ),
    "frames": ("drivers",),
    "rows": (
        "edge_agent.store",
        "edge_agent.assembly.restore",
        "edge_agent.assembly.evaluation",
        "edge_agent.evaluate",
        "edge_agent.deliver.envelope",
    ),
    "packets": (
        "edge_agent.deliver.mqtt",
        "paho.mqtt",
    ),
    "requests": (
        "edge_agent.observe.web",
        "microdot",
    ),
}
CASES = Path(__file__).parent.parent / "cases"


class Surface(Protocol):
    """A module of this package."""

    target: Callable[[bytes], None]
    SEEDS: Sequence[bytes]


def load(name: str) -> Surface:
    """Import a surface."""
    return cast("Surface", importlib.import_module(f"fuzzing.{name}"))


def cases(name: str) -> Iterator[Path]:
    """Yield the files with the inputs that once broke a surface."""
    return iter(sorted((CASES / name).glob("*")))
