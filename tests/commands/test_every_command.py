"""No command ends in a traceback, whatever its streams, terminal, locale, user and files are."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.cli import COMMANDS
from edge_agent.clock import ManualClock
from edge_agent.events import Reading
from edge_agent.store.event_log import EventLog

GREENHOUSE = Path(__file__).parents[2] / "examples/greenhouse.toml"
ARGUMENTS = {
    "calibrate": [
        ["air", "-c", "CONFIG"],
        ["nonsense"],
        ["air", "temperature", "-c", "CONFIG"],
        ["air", "temperature", "CONFIG", "--simulate"],
        ["air", "temperature", "CONFIG", "--point", "1=1", "--point", "nonsense"],
    ],
    "check": [["CONFIG"], ["CONFIG", "--json"], ["CONFIG", "--events"], ["-"]],
    "control": [["-c", "CONFIG", "help"], ["-c", "CONFIG"]],
    "demo": [["--scenario", "LOG"]],
    "doctor": [["CONFIG"], ["CONFIG", "--json"]],
    "drivers": [[], ["--json"]],
    "init": [["NEW", "--yes"], ["NEW", "--simulate", "CONFIG"], ["-", "--yes"], ["-"]],
    "log": [
        *(["-c", "CONFIG", "--set", "log.path=LOG", *words] for words in (
            ["tail"], ["tail", "--json"], ["stats"], ["stats", "--json"],
            ["export"], ["export", "--format", "csv"], ["export", "-o", "NEW"],
            ["replay", "--sink", "mqtt", "--since", "1h", "--dry-run"],
            ["replay", "--sink", "mqtt", "--since", "0001-01-01", "--dry-run"],
        )),
        ["-c", "CONFIG", "tail"],
        ["tail", "CONFIG", "--since", "1h", "--kind", "alert", "--source", "air"],
        ["tail", "--since", "nonsense", "--set", "log.path=LOG", "CONFIG"],
    ],
    "pins": [["CONFIG"], ["CONFIG", "--json"]],
    "read": [["air", "-c", "CONFIG"], ["air", "-c", "CONFIG", "--json"]],
    "rules": [["test", "CONFIG", "-c", "CONFIG"], ["replay", "CONFIG"]],
    "run": [["CONFIG", "--set", "log.path=NEW"]],
    "safe": [["CONFIG"]],
    "scan": [[], ["--json"], ["--simulate", "CONFIG"], ["--bus", "7"]],
    "schema": [["list"], ["json"], ["avro"], ["asyncapi", "CONFIG"], ["json", "nonsense"]],
    "service": [["status"]],
    "simulate": [["CONFIG", "--set", "log.path=NEW", "--scenario", "LOG"]],
    "sinks": [["CONFIG"], ["CONFIG", "--json"]],
    "usbip": [["CONFIG", "--scenario", "LOG"]],
}  # fmt: skip
CALLS = [
    *([name, *words] for name, calls in ARGUMENTS.items() for words in calls),
    *([name, "--help"] for name in COMMANDS),
    *([], ["--help"], ["--version"], ["nonsense"], ["\xff"]),
]
RUNS, PATIENCE = 3, 600  # s; `run` goes on until it is stopped
ENDS = {0, 1, 2, 3, 4, 5, 130}
PLAIN = {
    "stdin": "/dev/null",
    "stdout": "/dev/null",
    "encoding": "utf-8",
    "uid": 0,
    "env": {"PATH": os.environ["PATH"], "HOME": "HOME"},
    "config": GREENHOUSE,
    "gone": False,
}
ASCII = {"encoding": "ascii", "env": {"LC_ALL": "C", "HOME": "HOME"}}
# Another user may not be able to read the interpreter that runs this test.
READABLE = os.access(sys.executable, os.X_OK) and not Path(sys.base_prefix).is_relative_to("/root")
USERS = {
    "nobody": {"uid": 65534, "env": {}},
    "unknown user": {"uid": 54321, "env": {}},
} if READABLE else {}  # fmt: skip
SITUATIONS = {
    "plain": {},
    "no stdin": {"stdin": "closed"},
    "binary stdin": {"stdin": "BINARY"},
    "full stdout": {"stdout": "/dev/full"},
    "no stdout": {"stdout": "closed"},
    "nobody reads": {"stdout": "no reader"},
    "full stderr": {"stderr": "/dev/full", "config": "missing"},
    "no stderr": {"stderr": "closed", "config": "missing"},
    "ascii": ASCII,
    "ascii, a wrong file": {**ASCII, "config": b"name = \xc2\xb0\n"},
    "latin-1": {"encoding": "latin-1"},
    "narrow": {"env": {"COLUMNS": "1", "LINES": "1", "HOME": "HOME"}},
    "no size": {"env": {"COLUMNS": "0", "LINES": "0", "HOME": "HOME"}},
    "wide": {"env": {"COLUMNS": "100000", "LINES": "100000", "HOME": "HOME"}},
    "no environment": {"env": {}},
    **USERS,
    "home is a file": {"env": {"HOME": "/dev/null", "XDG_STATE_HOME": "/dev/null"}},
    "the directory is gone": {"gone": True},
    "missing file": {"config": "missing"},
    "directory": {"config": "directory"},
    "empty": {"config": b""},
    "binary": {"config": bytes(range(256))},
    "deep": {"config": b"a = " + b"[" * 100_000},
    "long line": {"config": b'a = "' + b"x" * 1_000_000},
    "name that is no text": {"config": "\xff\xfe.toml"},
    "name with a line end": {"config": "a\nb.toml"},
    "long name": {"config": "n" * 5000},
    "below a file": {"config": "/dev/null/a.toml"},
}


@pytest.fixture(scope="module")
def forking():
    """A function: run a case; return its exit code."""
    runner = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("forking.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(case):
        runner.stdin.write(json.dumps(case) + "\n")
        runner.stdin.flush()
        return json.loads(runner.stdout.readline())

    yield run
    runner.communicate()


@pytest.fixture
def places(tmp_path):
    """What stands for a path in the tables above; every user may look into them."""
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    places = {"HOME": tmp_path / "home", "LOG": tmp_path / "events.db", "NEW": tmp_path / "new"}
    places["BINARY"] = tmp_path / "binary"
    places["HOME"].mkdir()
    places["BINARY"].write_bytes(bytes(range(256)) * 10)
    clock = ManualClock()
    log = EventLog.open(places["LOG"], boot=clock.boot)
    with log.transaction():
        log.append([Reading("air", clock.now(), {"temperature": 21.5}, "°").event()])
    log.close()
    return {name: str(path) for name, path in places.items()}


def configuration(given, directory):
    """Return the path of a configuration as a situation describes it."""
    path = directory / "agent.toml"
    if isinstance(given, bytes):
        path.write_bytes(given)
        return str(path)
    return str(directory) if given == "directory" else str(directory / given)


def case(words, situation, places, directory):
    """Return a case for the process that forks."""
    given = PLAIN | SITUATIONS[situation]
    known = places | {"CONFIG": configuration(given.pop("config"), directory)}
    stand_ins = lambda text: next(  # noqa: E731
        (text.replace(name, path) for name, path in known.items() if name in text), text
    )
    (directory / "cwd").mkdir(exist_ok=True)
    return {
        "stderr": str(directory / "stderr"),
        **given,
        "stdin": stand_ins(given["stdin"]),
        "env": {name: stand_ins(value) for name, value in given["env"].items()},
        "arguments": [stand_ins(word) for word in words],
        "cwd": str(directory / "cwd"),
        "seconds": RUNS if words[:1] == ["run"] else PATIENCE,
        "trace": str(directory / "trace"),
    }


def calls(situation):
    """Return the commands that a situation is about: those with a file, if it is about files."""
    about_files = "config" in SITUATIONS[situation] and len(SITUATIONS[situation]) == 1
    return [words for words in CALLS if "CONFIG" in words or not about_files]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_command_ends_in_a_traceback(forking, places, tmp_path, situation):
    failed = {}
    for words in calls(situation):
        (tmp_path / "stderr").unlink(missing_ok=True)
        code = forking(case(words, situation, places, tmp_path))
        said = [
            path.read_text(errors="replace")
            for path in (tmp_path / "stderr", tmp_path / "trace")
            if path.exists()
        ]
        stopped = words[:1] == ["run"] and code == -signal.SIGALRM
        if not (code in ENDS or stopped) or "Traceback" in "".join(said):
            failed[" ".join(words)] = (code, "".join(said)[-600:])
        (tmp_path / "trace").unlink(missing_ok=True)
        Path(places["NEW"]).unlink(missing_ok=True)
    assert failed == {}


def test_every_command_is_in_the_table():
    assert ARGUMENTS.keys() == COMMANDS.keys()
