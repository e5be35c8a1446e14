"""The Unix socket through which other programs control a running simulation."""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from edge_agent.paths import log_path
from edge_agent.terminal.line_sources import ControlClient

CLIENTS = 4
OWNER_ONLY = 0o600


def control_path(log: str, node: str) -> Path:
    """Return the place of a simulation's control socket: beside its event log."""
    return Path(f"{log_path(log, node, simulated=True)}.control")


class ControlSocket:
    """Listens at a path that only the owner of the process may use."""

    def __init__(self, path: Path) -> None:
        """Listen; raise OSError if the path is in use, or cannot be a socket's."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            os.fchmod(self._listener.fileno(), OWNER_ONLY)  # before any program can connect
            self._listener.bind(str(path))
            self._listener.listen(CLIENTS)
        except OSError:
            self._listener.close()
            raise
        self._listener.setblocking(False)

    def accept(self, connected: int) -> ControlClient | None:
        """Return a client that wants to connect; refuse it if there are enough."""
        try:
            client = ControlClient(self._listener.accept()[0])
        except OSError:
            return None
        if connected < CLIENTS:
            return client
        with suppress(OSError):
            client.answer(f"error: {CLIENTS} clients are connected already; try again later")
        client.close()
        return None

    def close(self) -> None:
        """Stop listening, and remove the socket."""
        self._listener.close()
        self._path.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    """Remove the socket of a program that was killed, but no other file."""
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
