"""A real mosquitto on loopback, for one run."""

import getpass
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WINDOW = 100  # messages under way, on both sides: mosquitto's own 20 would measure the round trip
CONFIG = """listener {} 127.0.0.1
allow_anonymous true
max_inflight_messages {}
log_dest none
"""
# For subscribers that must get everything: the broker keeps their sessions while it is away.
KEEPING = """persistence true
persistence_location {}/
max_queued_messages 0
user {}
"""


@contextmanager
def mosquitto(port: int = 0, store: Path | None = None, window: int = WINDOW) -> Iterator[int]:
    """Yield the port of a broker that logs nothing; 0 chooses a free one.

    It keeps sessions in the directory `store` for its next start, and sends `window` messages
    before the first is acknowledged.
    """
    binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if binary is None:
        raise SystemExit("mosquitto is missing: sudo apt install mosquitto")
    port = port or free_port()
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "mosquitto.conf"
        keeping = KEEPING.format(store, getpass.getuser()) if store else ""
        config.write_text(CONFIG.format(port, window) + keeping)
        process = subprocess.Popen([binary, "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
