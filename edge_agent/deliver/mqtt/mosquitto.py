"""An installed mosquitto as a child of this process, for `simulate`."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO

from edge_agent.errors import SimulationError

FOLDERS = ("/usr/local/sbin", "/usr/sbin")  # Debian keeps it off the PATH of users
START_SECONDS = 10.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
# The child becomes the broker after it has asked the kernel to end it with its parent.
BECOME = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, {int(signal.SIGTERM)})  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
# Another user would cost the child its signal, so root stays root.
SETTINGS = """
listener {port} {host}
allow_anonymous true
persistence false
log_dest stderr
log_type error
{user}
"""


def installed_mosquitto(path: str | None = None) -> str | None:
    """Return the program's place; `path` is where to look, as in PATH."""
    folders = (os.environ.get("PATH", os.defpath), *FOLDERS)
    return shutil.which("mosquitto", path=os.pathsep.join(folders) if path is None else path)


class Mosquitto:
    """The broker on one loopback port; it ends with this process, even if that is killed.

    Start it in the main thread: the kernel counts the end of the starting thread.
    """

    name = "mosquitto"
    versions: tuple[int, ...] = ()  # all

    def __init__(self, program: str, host: str, port: int) -> None:
        self._program = program
        self._address = (host, port)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once clients can connect; raise SimulationError if the port is taken."""
        self._require_free_port()
        with (
            tempfile.NamedTemporaryFile("w", suffix=".conf") as settings,
            tempfile.TemporaryFile() as errors,
        ):
            settings.write(self._settings())
            settings.flush()
            self._child = self._spawn(settings.name, errors)
            if not self._answers():
                self.stop()
                raise SimulationError(
                    f"{self._program} does not start: {_last_line(errors)}",
                    "use your own broker with --no-broker",
                )

    def stop(self) -> None:
        """End the child."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _require_free_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(self._address)
            except OSError as error:
                raise no_port(self._address, error.strerror or str(error)) from error

    def _settings(self) -> str:
        host, port = self._address
        user = "" if os.geteuid() else "user root"
        return SETTINGS.format(host=host, port=port, user=user)

    def _spawn(self, settings: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the child in a session of its own, so that Ctrl-C ends the agent first."""
        become = [sys.executable, "-I", "-S", "-c", BECOME, str(os.getpid())]
        return subprocess.Popen(  # noqa: S603 - what PATH has
            [*become, self._program, "-c", settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )

    def _answers(self) -> bool:
        """Wait until the child accepts a connection; return False if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while self._child and self._child.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(self._address) == 0:
                    return True
            time.sleep(POLL_SECONDS)
        return False


def no_port(address: tuple[str, int], reason: object) -> SimulationError:
    """Return the error of a port that a broker cannot listen on, with what to do."""
    host, port = address
    return SimulationError(
        f"no broker can listen on {host}:{port} ({reason})",
        "use the broker that runs there with --no-broker, or choose another port with"
        f" --set mqtt.url=mqtt://127.0.0.1:{port + 1}",
    )


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    return lines[-1] if lines else "it gives no reason"
