"""Where the event log is, when the configuration does not say."""

import os
from pathlib import Path

from edge_agent.service import CONFIG_FILE, STATE
from edge_agent.settings import Config

SERVICE_CONFIG, SERVICE_STATE = Path(CONFIG_FILE), Path(STATE)


def log_path(config: Config, *, simulated: bool) -> Path:
    """Return the database's place; simulated events never mix with real ones.

    Under systemd that is its StateDirectory, else what the XDG base directory specification says.
    """
    if config.log.path:
        return Path(config.log.path).expanduser()
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    directory = Path(state) if state else Path(home) / "edge-agent"
    return directory / f"{config.node}{'-simulated' if simulated else ''}.db"


def log_to_read(config: Config, file: Path, *, simulated: bool) -> Path:
    """Return the database to look into: the service's, where `file` is its configuration."""
    if file == SERVICE_CONFIG and SERVICE_STATE.is_dir() and not (simulated or config.log.path):
        return SERVICE_STATE / f"{config.node}.db"
    return log_path(config, simulated=simulated)


def expanded(path: str) -> str:
    """Return a path with ~ and variables such as $CREDENTIALS_DIRECTORY filled in."""
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111
