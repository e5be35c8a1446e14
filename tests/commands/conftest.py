import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from edge_agent.cli import main
from edge_agent.clock import ManualClock
from edge_agent.events import Reading
from edge_agent.store.event_log import EventLog
from tests.commands.command_case import case

CONFIG = """
node = "shed"
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
[[device]]
name = "water"
driver = "ds18b20"
id = "28-0316a4c8ffee"
[[device]]
name = "door"
driver = "contact"
pin = 17
[[output]]
name = "fan"
driver = "relay"
pin = 22
[[rule]]
name = "warm"
when = "air.temperature > 30 and not door.active"
set = { fan = "on" }
"""


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def config(tmp_path):
    """A function: write a configuration, with `log.path` below tmp_path."""

    def write(text=CONFIG, name="shed.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def edge_agent(capsys) -> Callable[..., Done]:
    """A function: run a command in this process."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return Done(ended.value.code, *capsys.readouterr())

    yield run
    logging.getLogger().handlers.clear()


@pytest.fixture(scope="session")
def forks():
    """A function: start a process that runs cases, with some variables; return what runs one."""
    runners = []

    def start(**variables):
        runners.append(
            subprocess.Popen(
                [sys.executable, Path(__file__).with_name("forking.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | variables,
            )
        )
        return partial(answer, runners[-1])

    yield start
    for each in runners:
        each.communicate()


def answer(runner, case):
    """Let a process run a case; return the exit code."""
    runner.stdin.write(json.dumps(case) + "\n")
    runner.stdin.flush()
    return json.loads(runner.stdout.readline())


@pytest.fixture(scope="session")
def forking(forks):
    """A function: run a case; return the exit code."""
    return forks()


@pytest.fixture
def places(tmp_path, root):
    """What stands for a path in the calls; every user may look into them."""
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    names = {"HOME": "home", "LOG": "events.db", "NEW": "new", "BINARY": "binary", "SINK": "sink"}
    known = {name: tmp_path / file for name, file in names.items()}
    known["RULES"] = root / "examples/fleet/rules.toml"
    known["CASES"] = root / "examples/greenhouse.cases.toml"
    known["HOME"].mkdir()
    known["BINARY"].write_bytes(bytes(range(256)) * 10)
    record_a_reading(known["LOG"])
    return {name: str(path) for name, path in known.items()}


def record_a_reading(path):
    clock = ManualClock()
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.append([Reading("air", clock.now(), {"temperature": 21.5}, "°").event()])
    log.close()


@pytest.fixture
def ended(forking, places, tmp_path):
    """A function: run a call in a situation; return its exit code and its messages."""

    def ended(words, situation, run=forking):
        written = [tmp_path / "stderr", tmp_path / "trace"]
        for path in (*written, Path(places["NEW"])):
            path.unlink(missing_ok=True)
        code = run(case(words, situation, places, tmp_path))
        return code, "".join(path.read_text(errors="replace") for path in written if path.exists())

    return ended
