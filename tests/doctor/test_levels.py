"""Instruments stand below the checks, and the checks below what runs them."""

import ast
from pathlib import Path

import pytest

from edge_agent import doctor

ROOM = Path(doctor.__file__).parent
BELOW = {
    "instruments": {"instruments"},
    "themes": {"instruments", "themes", "case", "finding"},
}


def imported(path):
    """Return the parts of the doctor that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("edge_agent.doctor."):
            yield node.module.split(".")[2]


@pytest.mark.parametrize("level", BELOW)
def test_a_level_imports_nothing_from_above(level):
    found = {name for path in (ROOM / level).glob("*.py") for name in imported(path)}
    assert found <= BELOW[level]
