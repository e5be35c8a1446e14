"""A case for the process that forks: a call, and the situation in which it is made."""

import signal
from pathlib import Path

GREENHOUSE = Path(__file__).parents[2] / "examples/greenhouse.toml"
ENDLESS = {"edge-agent run", "edge-consumer bridge"}
RUNS, PATIENCE = 1, 600  # s
ENDS = {0, 1, 2, 3, 4, 5, 130}
HOME = {"PATH": "/nowhere", "HOME": "HOME"}  # asking programs takes the doctor seconds
PLAIN = {
    "stdin": "/dev/null",
    "stdout": "/dev/null",
    "encoding": "",
    "uid": 0,
    "env": HOME,
    "config": GREENHOUSE,
    "gone": False,
    "size": None,
}


def configuration(given, directory):
    """Return the path of a configuration as a situation describes it."""
    path = directory / "agent.toml"
    if isinstance(given, Path):
        path.write_bytes(given.read_bytes())
        return str(path)
    if isinstance(given, bytes):
        path.write_bytes(given)
        return str(path)
    return str(directory / given)


def case(words, situation, places, directory):
    """Return a case for the process that forks."""
    given = PLAIN | situation
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
        "seconds": RUNS if may_run_on(words) else PATIENCE,
        "trace": str(directory / "trace"),
    }


def may_run_on(words):
    return " ".join(words[:2]) in ENDLESS


def is_right(words, code, said):
    """Return whether a call has ended as every call should."""
    stopped = code == -signal.SIGALRM and may_run_on(words)
    return (code in ENDS or stopped) and "Traceback" not in said
