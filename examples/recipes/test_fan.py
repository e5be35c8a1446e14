"""A test of your own configuration on simulated chips: no hardware, no broker."""

import json
import subprocess
import sys
import time
from pathlib import Path

CONFIG = """
node = "shed"
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
[[output]]
name = "fan"
driver = "relay"
pin = 22
[[rule]]
name = "hot"
when = "air.temperature > 30"
set = { fan = "on" }
"""
AGENT = [sys.executable, "-m", "edge_agent"]


def edge_agent(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the agent."""
    return subprocess.run([*AGENT, *words], capture_output=True, text=True, check=False)


def switched(log: list[str]) -> list[float]:
    """Return what the fan was set to, in order."""
    text = edge_agent("log", "tail", "--json", "--kind", "output", *log).stdout
    return [json.loads(line)["data"]["value"] for line in text.splitlines()]


def wait_for(what, seconds: float = 60) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_fan_runs_while_it_is_hot(tmp_path: Path) -> None:
    config, log = tmp_path / "shed.toml", f"log.path={tmp_path / 'shed.db'}"
    config.write_text(CONFIG)
    where = ["-c", str(config), "--set", log]
    agent = subprocess.Popen([*AGENT, "simulate", "--no-broker", *where])
    try:
        control = ("control", *where, "set", "air.temperature")
        wait_for(lambda: edge_agent(*control, "35").returncode == 0)
        wait_for(lambda: 1 in switched(where))
        edge_agent(*control, "20")
        wait_for(lambda: switched(where)[-1] == 0)
    finally:
        agent.terminate()
        agent.wait()
