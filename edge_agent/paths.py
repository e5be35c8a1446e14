"""Where files are: the service's, and the event log if the configuration does not say."""

import os
import tempfile
from pathlib import Path

CONFIG_FILE = "/etc/edge-agent/config.toml"
STATE = "/var/lib/edge-agent"
RUNTIME = "/run/edge-agent"
CREDENTIALS = "/etc/credstore"


def log_path(path: str, node: str, *, simulated: bool) -> Path:
    """Return the database's place: `path` if given, otherwise one named after the node.

    Simulated events never mix with real ones. Under systemd the database is in the service's
    StateDirectory, otherwise where the XDG base directory specification says.
    """
    if path:
        return Path(expanded(path))
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    directory = Path(state) if state else Path(home) / "edge-agent"
    return directory / f"{node}{'-simulated' if simulated else ''}.db"


def log_to_read(path: str, node: str, file: Path, *, simulated: bool) -> Path:
    """Return the database to look into: the service's, if `file` is its configuration."""
    if file == Path(CONFIG_FILE) and Path(STATE).is_dir() and not (simulated or path):
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
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111
