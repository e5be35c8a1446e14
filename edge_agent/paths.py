"""Where files are: the service's, and the event log if the configuration does not say."""

import errno
import os
import re
import stat
import tempfile
from pathlib import Path

from edge_agent.errors import LogError

CONFIG_FILE = "/etc/edge-agent/config.toml"
STATE = "/var/lib/edge-agent"
RUNTIME = "/run/edge-agent"
CREDENTIALS = "/etc/credstore"
STATE_VARIABLE = "STATE_DIRECTORY"
VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")
LARGEST = 1_000_000  # bytes of a file that people write


def bounded_content(path: Path) -> bytes:
    """Return the content of a file that a configuration names, or of the configuration.

    Raise OSError for one that would not end: a pipe that no program may write, or one that is
    larger than 1 MB. The shell's own pipes are below /dev and /proc.
    """
    ours = path.is_relative_to("/dev") or path.is_relative_to("/proc")
    if stat.S_ISFIFO(path.stat().st_mode) and not ours:
        raise OSError(errno.EINVAL, "a named pipe")
    with path.open("rb") as file:
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise OSError(errno.EFBIG, "more than 1 MB")
    return found


def log_path(path: str, node: str, *, simulated: bool) -> Path:
    """Return the database's place: `path` if given, otherwise one named after the node.

    Simulated events never mix with real ones. Under systemd the database is in the service's
    StateDirectory, otherwise where the XDG base directory specification says.
    """
    if path:
        return Path(expanded(path))
    state = os.environ.get(STATE_VARIABLE, "").split(":")[0]
    directory = Path(state) if state else _state_home() / "edge-agent"
    return directory / f"{node}{'-simulated' if simulated else ''}.db"


def _state_home() -> Path:
    if named := os.environ.get("XDG_STATE_HOME"):
        return Path(named)
    try:
        return Path.home() / ".local/state"
    except RuntimeError:  # a user without a home
        remedy = "name a file with --set log.path=…, or set HOME"
        raise LogError("this user has no home directory for the event log", remedy) from None


def log_to_read(path: str, node: str, file: Path, *, simulated: bool) -> Path:
    """Return the database to look into: the service's, if `file` is a configuration of its own."""
    if file.parent == Path(CONFIG_FILE).parent and Path(STATE).is_dir() and not (simulated or path):
        return Path(STATE) / f"{node}.db"
    return log_path(path, node, simulated=simulated)


def runtime_directories() -> tuple[Path, ...]:
    """Return where a process may write though the disk is full: in memory, the best one first."""
    named = (
        os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0],
        os.environ.get("XDG_RUNTIME_DIR"),
    )
    return (*(Path(name) for name in named if name), Path(RUNTIME), Path(tempfile.gettempdir()))


def expanded(path: str) -> str:
    """Return a path with ~ and variables such as $CREDENTIALS_DIRECTORY filled in."""
    return os.path.expanduser(os.path.expandvars(_of_the_service(path)))  # noqa: PTH111


def unset_variable(path: str) -> str:
    """Return the first variable in a path that is not set; empty if all are."""
    found = VARIABLE.search(os.path.expandvars(_of_the_service(path)))
    return found[0] if found else ""


def _of_the_service(path: str) -> str:
    """Fill in the state directory, which only the service's own processes have in a variable."""
    if os.environ.get(STATE_VARIABLE):
        return path
    return re.sub(rf"\$(?:{STATE_VARIABLE}\b|\{{{STATE_VARIABLE}\}})", STATE, path)
