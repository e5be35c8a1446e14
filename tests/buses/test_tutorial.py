"""Every command of docs/tutorial.md runs as it is written, and says what the page says.

Only what needs a machine with systemd is replaced: `sudo` looks whether Debian has a package, and
lets the test kill and start the RabbitMQ that stands in for the service.
"""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from lab.waiting import eventually

from tests.buses.servers.rabbitmq import RabbitMQ

BLOCK = re.compile(r"^```(sh|text) (\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PORT = 5672
SECONDS = 300  # of one block: a package index may be slow
SUDO = """\
#!/bin/sh
case "$*" in
"apt install "*) shift 2; exec apt-cache show --quiet=1 "$@" ;;
"systemctl kill --signal=KILL rabbitmq-server")
    touch "$HOME/killed"
    while [ -e "$HOME/killed" ]; do sleep 0.1; done ;;
*) echo "unknown: $*"; exit 1 ;;
esac
"""


class Terminal:
    """A shell; what has been read of its output is not compared again."""

    def __init__(self, name, folder, environment):
        self._file = folder / f"{name}.txt"
        self._read = self._blocks = 0
        with self._file.open("wb") as output:
            self._shell = subprocess.Popen(
                ["bash"],
                cwd=folder / "edge-agent",
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                text=True,
            )

    @property
    def said(self):
        return self._file.read_text()

    def type(self, commands, meanwhile):
        """Run commands one after another; each must succeed."""
        self._blocks += 1
        end = f"end of block {self._blocks}"
        for command in commands.splitlines():
            self._shell.stdin.write(f"{command}\n[ $? -eq 0 ] || echo 'failed: {self._blocks}'\n")
        self._shell.stdin.write(f"echo {end}\n")
        self._shell.stdin.flush()
        eventually(lambda: meanwhile() or end in self.said, SECONDS)
        assert f"failed: {self._blocks}" not in self.said, self.said

    def expect(self, text):
        """Wait until these lines are there, in order; `…` is anything."""
        for line in text.splitlines():
            pattern = ".*".join(map(re.escape, line.split("…")))
            try:
                found = eventually(lambda p=pattern: re.search(p, self.said[self._read :]))
            except AssertionError:
                pytest.fail(f"{line!r} is not in what {self._file.stem} says:\n{self.said}")
            self._read += found.end()

    def close(self):
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        self._shell.stdin.close()


@pytest.fixture
def server(tmp_path, epmd):
    """A RabbitMQ where Debian's has its port."""
    node = RabbitMQ(tmp_path, epmd, PORT).start()
    yield node
    node.stop()


@pytest.fixture
def environment(tmp_path):
    """The surroundings of a user with an empty home."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sudo").write_text(SUDO)
    (programs / "sudo").chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    own = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "PATH": path}
    # The machine's proxies and package indexes are in its surroundings and in this file.
    return os.environ | own | {"NPM_CONFIG_USERCONFIG": str(Path.home() / ".npmrc")}


@pytest.fixture
def terminals(tmp_path, root, environment):
    """A function: the terminal of this name, in a fresh copy of the repository."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (root / name).is_file():
            (tmp_path / "edge-agent" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, tmp_path / "edge-agent" / name)
    opened = {}

    def terminal(name):
        if name not in opened:
            opened[name] = Terminal(name, tmp_path, environment)
        return opened[name]

    yield terminal
    for each in opened.values():
        each.close()


def test_the_page_does_what_it_says(root, tmp_path, server, terminals):
    killed = tmp_path / "killed"

    def restart():
        if killed.exists():
            server.settle()
            server.kill()
            server.start()
            killed.unlink()

    for kind, name, text in BLOCK.findall((root / "docs/tutorial.md").read_text()):
        if kind == "sh":
            terminals(name).type(text, restart)
        else:
            terminals(name).expect(text)


def test_the_alert_system_on_the_page_is_the_file(root):
    code = (root / "examples/tutorial/alerts.py").read_text()
    assert f"```python\n{code}```\n" in (root / "docs/tutorial.md").read_text()
