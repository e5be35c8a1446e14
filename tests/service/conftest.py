"""A machine below a directory, with a systemd that keeps the state of one unit."""

import pytest

from edge_agent.machine import NOT_FOUND, CommandResult, Machine
from edge_agent.service.install import Site

PROGRAM = "/srv/agent/bin/edge-agent"
UNIT = "edge-agent.service"
DONE = CommandResult(0, "")


class System:
    """What Debian's commands do to the files below `root`, and to one unit."""

    def __init__(self, root):
        self.root = root
        self.commands = []
        self.properties = {"ActiveState": "inactive", "SubState": "dead", "NRestarts": "0"}
        self.enabled = False
        self.offline = False
        self.missing = set()  # commands that this machine does not have
        self.failures = {}  # the output of commands that fail, by how they begin
        self.journal = ""
        self.now = 4_000_000_000  # after every file of the test

    def __call__(self, command):
        line = " ".join(command)
        self.commands.append(line)
        if command[0] in self.missing:
            return CommandResult(NOT_FOUND, f"{command[0]}: not found")
        for words, output in self.failures.items():
            if line.startswith(words):
                return CommandResult(1, output)
        return getattr(self, command[0].replace("-", "_"))(*command[1:])

    def calls(self, words):
        return [line for line in self.commands if line.startswith(words)]

    def systemctl(self, verb, *words):
        return getattr(self, f"unit_{verb.replace('-', '_')}")(*words)

    def unit_is_system_running(self):
        return CommandResult(1, "offline") if self.offline else CommandResult(0, "running")

    def unit_is_enabled(self, _unit):
        return CommandResult(0, "enabled") if self.enabled else CommandResult(1, "disabled")

    def unit_enable(self, _unit):
        self.enabled = True
        return DONE

    def unit_disable(self, _unit):
        self.enabled = False
        return DONE

    def unit_start(self, _unit):
        self.properties |= {
            "ActiveState": "active",
            "SubState": "running",
            "ActiveEnterTimestamp": f"@{self.now}",
        }
        return DONE

    unit_restart = unit_start

    def unit_stop(self, _unit):
        self.properties |= {"ActiveState": "inactive", "SubState": "dead"}
        return DONE

    def unit_daemon_reload(self):
        return DONE

    def unit_reset_failed(self, _unit):
        return CommandResult(1, "not loaded")

    def unit_show(self, _unit, *_options):
        if self.offline:
            return CommandResult(0, "Running in chroot, ignoring command 'show'")
        there = (self.root / f"etc/systemd/system/{UNIT}").exists()
        state = {
            "LoadState": "loaded" if there else "not-found",
            "UnitFileState": "enabled" if self.enabled else "disabled",
            **self.properties,
        }
        return CommandResult(0, "\n".join(f"{key}={value}" for key, value in state.items()))

    def systemd_sysusers(self, file):
        for line in (self.root / file.lstrip("/")).read_text().splitlines():
            kind, *words = line.split()
            if kind == "u":
                self.append("passwd", f"{words[0]}:x:996:996::/:/usr/sbin/nologin")
            if kind == "m":
                self.append("group", f"{words[1]}:x:99:{words[0]}")
        return DONE

    def append(self, file, line):
        with (self.root / "etc" / file).open("a") as stream:
            stream.write(line + "\n")

    def systemd_tmpfiles(self, _create, file):
        for line in (self.root / file.lstrip("/")).read_text().splitlines():
            kind, path, mode, *_ = line.split()
            if kind == "d":
                (self.root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
            if kind in {"d", "z"}:
                for place in self.root.glob(path.lstrip("/")):
                    place.chmod(int(mode, 8))
        return DONE

    def udevadm(self, *_words):
        return DONE

    def userdel(self, _user):
        (self.root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        return DONE

    def journalctl(self, *_words):
        return CommandResult(0, self.journal)


@pytest.fixture
def system(tmp_path):
    """A plain Debian with the program, but without the service."""
    for name, text in {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "etc/group": "root:x:0:\n",
        "etc/hostname": "shed.lan\n",
        PROGRAM.lstrip("/"): "#!/bin/sh\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / PROGRAM.lstrip("/")).chmod(0o755)
    return System(tmp_path)


@pytest.fixture
def machine(system):
    return Machine(system.root, system)


@pytest.fixture
def site(machine):
    return Site(machine, PROGRAM, ("/usr/bin/python3",), lambda: ())


@pytest.fixture
def tree(machine):
    """A function: return every file of the machine with its mode and its text."""

    def look():
        files = (path for path in machine.root.rglob("*") if path.is_file())
        return {path: (path.stat().st_mode, path.read_text()) for path in files}

    return look
