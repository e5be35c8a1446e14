"""The tools that only a person or a nightly run starts: each can still be imported."""

import importlib

import pytest

TOOLS = [
    "benchmarks.__main__",
    "benchmarks.soak",
    "tests.evaluate.reference.__main__",
    "tests.simulation.__main__",
    "tests.simulation.week",
    "tests.torture.__main__",
]


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_imports_only_what_there_is(name):
    assert callable(importlib.import_module(name).main)
