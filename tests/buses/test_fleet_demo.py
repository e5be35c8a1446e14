"""`make demo-fleet`: what it shows."""

import re
import subprocess
import sys

import pytest


@pytest.mark.parametrize("bus", ["mqtt", "kafka"])
def test_the_demonstration_shows_an_alert_about_two_nodes_windows_and_a_clean_audit(root, bus):
    command = [sys.executable, "-m", "tests.buses.fleet_demo", bus, "30"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"firing heat_wave \(critical\): too warm: \w+, \w+", done.stdout)
    for node in ("greenhouse", "cellar", "attic"):
        assert re.search(rf":00  {node} +air +temperature +\d+ ", done.stdout)
    assert "events of 3 logs: 0 lost, 0 contradictory" in done.stdout
