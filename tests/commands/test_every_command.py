"""No command ends in a traceback, whatever its streams, terminal, locale and user are."""

import os
from pathlib import Path

import click
import pytest

from tests.commands.command_calls import CALLS
from tests.commands.command_case import HOME, is_right

FURTHER = [  # what the calls of the table leave out
    "edge-agent calibrate air 420 -c CONFIG",
    "edge-agent calibrate air temperature CONFIG --simulate",
    "edge-agent calibrate air temperature CONFIG --point 1=1 --point nonsense",
    "edge-agent check CONFIG --json",
    "edge-agent check CONFIG --events",
    "edge-agent check -",
    "edge-agent control -c CONFIG help",
    "edge-agent doctor CONFIG --json",
    "edge-agent drivers --json",
    "edge-agent drivers sht4x",
    "edge-agent init NEW --simulate CONFIG",
    "edge-agent init -",
    "edge-agent log -c CONFIG --set log.path=LOG tail --json",
    "edge-agent log -c CONFIG --set log.path=LOG stats --json",
    "edge-agent log -c CONFIG --set log.path=LOG export --format csv",
    "edge-agent log -c CONFIG --set log.path=LOG export -o NEW",
    "edge-agent log -c CONFIG tail",
    "edge-agent log tail CONFIG --since nonsense --set log.path=LOG",
    "edge-agent pins CONFIG --json",
    "edge-agent scan --simulate CONFIG",
    "edge-agent scan --bus 7",
    "edge-agent schema json nonsense",
    "edge-agent sinks CONFIG",
    "edge-consumer alerts check RULES --json",
    "edge-consumer audit log:LOG --for 10ms --json",
    "edge-consumer query --format plot",
    *(f"{program}{words}" for program in ("edge-agent", "edge-consumer")
      for words in ("", " --help", " --version", " nonsense", " \xff")),
    *(f"{path} --help" for path in CALLS),
]  # fmt: skip
ASCII = {"encoding": "ascii", "env": HOME | {"LC_ALL": "C"}}
# Another user may not be able to read the packages that this test runs.
READABLE = all(place.stat().st_mode & 0o001 for place in Path(click.__file__).parents)
USERS = {
    "nobody": {"uid": 65534, "env": {}},
    "unknown user": {"uid": 54321, "env": {}},
    "a user who may write nowhere": {"uid": 65534, "env": {"HOME": "/proc"}},
} if READABLE else {}  # fmt: skip
STREAMS = {
    "plain": {"env": {"PATH": os.environ["PATH"], "HOME": "HOME"}},
    "no stdin": {"stdin": "closed"},
    "full stdout": {"stdout": "/dev/full"},
    "nobody reads": {"stdout": "no reader"},
    "ascii": ASCII,
    "a terminal of one character": {"size": [1, 1]},
}
SITUATIONS = {
    "binary stdin, latin-1": {"stdin": "BINARY", "encoding": "latin-1"},
    "endless stdin, no stdout": {"stdin": "/dev/zero", "stdout": "closed"},
    "full stderr": {"stderr": "/dev/full", "config": "missing"},
    "no stderr": {"stderr": "closed", "config": "missing"},
    "ascii, a wrong file": {**ASCII, "config": b"name = \xc2\xb0\n"},
    "a terminal without a size": {"size": [0, 0]},
    "a narrow terminal, the directory is gone": {"size": [16, 60], "gone": True},
    "a wide terminal": {"size": [200, 500]},
    "no environment": {"env": {}},
    "COLUMNS of a wide screen": {"env": {"HOME": "HOME", "COLUMNS": "100000", "LINES": "100000"}},
    "home is a file": {"env": {"HOME": "/dev/null", "XDG_STATE_HOME": "/dev/null"}},
    **USERS,
}
LOCALES = [  # what the interpreter has been started with
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "tr_TR.ISO-8859-9", "TERM": "nonsense", "TZ": "nonsense"},
]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def failures(ended):
    """A function: make calls in a situation; return how those ended that should not end so."""

    def failures(calls, situation, **options):
        ends = {" ".join(words): ended(words, situation, **options) for words in calls}
        return {
            call: (code, said[-600:])
            for call, (code, said) in ends.items()
            if not is_right(call.split(), code, said)
        }

    return failures


@pytest.mark.parametrize("situation", STREAMS)
def test_no_command_ends_in_a_traceback(failures, situation):
    assert failures([*CALLS.values(), *map(str.split, FURTHER)], STREAMS[situation]) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("situation", SITUATIONS)
def test_nor_in_any_other_place(failures, situation):
    assert failures(CALLS.values(), SITUATIONS[situation]) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("variables", LOCALES, ids=lambda one: one["LC_ALL"])
def test_nor_in_any_locale(failures, forks, variables):
    run = forks(**variables)
    assert failures(CALLS.values(), {"env": HOME | variables}, run=run) == {}
