"""docs/rules.md, executed as it stands: each `$` line is typed, and what follows is compared."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest


class Typed(NamedTuple):
    command: str
    shown: list[str]


def session(page):
    """The commands of a page, with the lines that must follow each."""
    typed = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                typed.append(Typed(line[2:], []))
            else:
                typed[-1].shown.append(line)
    return typed


def pattern(line):
    return ".*".join(re.escape(part) for part in line.split("…"))


@pytest.fixture
def shell(tmp_path, root, broker):
    """A user's shell, with the broker on a port that is free here and less patience at the door."""
    shims = tmp_path / "bin"
    shims.mkdir()
    for name in ("mosquitto_sub", "mosquitto_rr"):
        shim = shims / name
        shim.write_text(f'#!/bin/sh\nexec {shutil.which(name)} -p {broker.port} "$@"\n')
        shim.chmod(0o755)
    url = f"mqtt.url=mqtt://127.0.0.1:{broker.port}"
    door = "rule.door_open_in_the_cold.for=4s"  # the page's 20 s would be most of the test
    agent = shims / "edge-agent"
    agent.write_text(
        '#!/bin/sh\ncase "$1 $2" in\n'
        f'simulate*) set -- "$@" --set {url} --set {door} ;;\n'
        f'"rules replay") set -- "$@" --set {door} ;;\n'
        f'esac\nexec {sys.executable} -m edge_agent "$@"\n'
    )
    agent.chmod(0o755)
    environment = {**os.environ, "PATH": f"{shims}:{os.environ['PATH']}"}
    bash = subprocess.Popen(
        ["bash", "--norc"],
        cwd=root,
        env={**environment, "XDG_STATE_HOME": str(tmp_path / "state")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield bash
    bash.communicate("kill %1; wait\n", timeout=60)


def typed(bash, command):
    """Type a command; return what it prints. One in the background prints elsewhere."""
    if command.endswith("&"):
        command = f"{command[:-1]} >/dev/null &"
    bash.stdin.write(f"{command}\necho '>done'\n")
    bash.stdin.flush()
    return list(iter(lambda: bash.stdout.readline().rstrip("\n"), ">done"))


def test_the_walk_through_of_the_rules_page_is_true(root, shell):
    page = Path(root / "docs/rules.md").read_text(encoding="utf-8")
    steps = session(page)
    assert len(steps) > 8
    for step in steps:
        shown = typed(shell, step.command)
        assert len(shown) == len(step.shown), (step.command, shown)
        for line, wanted in zip(shown, step.shown, strict=True):
            assert re.fullmatch(pattern(wanted), line), (step.command, line)
