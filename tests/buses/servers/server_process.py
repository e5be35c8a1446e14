"""A server as a process that can be killed, paused, and started again on its port."""

import signal
import socket
import subprocess

from lab.freezing import freeze
from lab.waiting import eventually

STARTS_WITHIN = 120  # s, of a JVM on a busy machine


class ServerProcess:
    """One program; it runs if its port takes connections."""

    def __init__(self, command, port, log, environment=None):
        self._command, self._port, self._log = command, port, log
        self._environment = environment
        self._process = None

    def start(self):
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["nice", *map(str, self._command)], stdout=log, stderr=log, env=self._environment
            )
        eventually(self._answers, STARTS_WITHIN)

    def _answers(self):
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        try:
            socket.create_connection(("127.0.0.1", self._port), 5).close()
        except OSError:
            return False
        return True

    def kill(self):
        if self._process is not None and self._process.poll() is None:
            self.resume()
            self._process.kill()
            self._process.wait()

    def pause(self):
        freeze(self._process)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)
