"""A crash point must be where its name says, or the harness kills at the wrong moment."""

import ast
import importlib.util
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.boundaries import BOUNDARIES
from tests.torture.crash import INJECTED, Crash
from tests.torture.faults import FAULTS
from tests.torture.importer import Boundary, put, replaced
from tests.torture.sabotage import SABOTAGES

EVERY = [boundary for group in BOUNDARIES.values() for boundary in group]
MODULE = """
class Sink:
    def deliver(self):
        for n in range(3):
            print("before", n)
            print("after", n)
"""


@pytest.mark.parametrize("boundary", EVERY, ids=str)
def test_every_boundary_is_in_the_product(boundary):
    spec = importlib.util.find_spec(boundary.module)
    tree = ast.parse(Path(spec.origin).read_text())
    before = sum(1 for _ in ast.walk(tree))
    put(tree, boundary)
    assert sum(1 for _ in ast.walk(tree)) > before


def test_a_statement_that_is_not_there_is_an_error():
    with pytest.raises(AssertionError, match="no such statement"):
        put(ast.parse(MODULE), Boundary("module", "Sink.deliver", "raise"))


@pytest.mark.parametrize(
    ("side", "hit", "said"),
    [("before", 1, ""), ("after", 1, "before 0\n"), ("before", 2, "before 0\nafter 0\n")],
)
def test_the_process_is_killed_at_the_boundary_at_the_nth_time(tmp_path, side, hit, said):
    (tmp_path / "module.py").write_text(MODULE)
    crash = Crash(Boundary("module", "Sink.deliver", "print('before', n)", side), hit)
    environment = INJECTED | crash.environment() | {"PYTHONUNBUFFERED": "1"}
    command = "import module; module.Sink().deliver()"
    done = subprocess.run(
        [sys.executable, "-c", command],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env=environment,
    )
    assert (done.returncode, done.stdout.decode()) == (-signal.SIGKILL, said)


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotage_finds_what_it_changes_and_its_fault(name):
    for change in SABOTAGES[name].changes:
        source = Path(importlib.util.find_spec(change.module).origin).read_text()
        assert compile(replaced(source, [change[1:]]), change.module, "exec")
    assert SABOTAGES[name].fault in {fault.title for fault in FAULTS}
