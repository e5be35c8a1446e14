"""Where the alert system keeps its state."""

import os
from pathlib import Path

from edge_agent.paths import expanded


def state_directory(given: str) -> Path:
    """Return the directory: `given`, systemd's, or the user's own."""
    service = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(expanded(given) or service or Path(home) / "edge-consumer/alerts")
