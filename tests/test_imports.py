"""Every module can be imported without a warning: a later Python removes what this one warns of."""

import subprocess
import sys

PROGRAM = """
from importlib import import_module
from pkgutil import walk_packages
for top in ("consumers", "drivers", "edge_agent", "simulators"):
    for found in walk_packages(import_module(top).__path__, top + "."):
        if not found.name.endswith("__main__"):
            import_module(found.name)
"""


def test_every_module_can_be_imported_without_a_warning():
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
