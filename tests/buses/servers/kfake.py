"""kfake: a light Kafka in one process, which answers produce requests with an error if asked to."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from lab.broker import free_port

from tests.buses.servers.maven import CACHE

SOURCE = Path(__file__).with_name("kfake")
BINARY = CACHE / "kfake"


class FaultyKafka:
    """A cluster of one node with one topic; `times` produce requests get `error`, by its number."""

    topic = "events"

    def __init__(self, error, *, after=0, times=1):
        port = free_port()
        self.servers = f"127.0.0.1:{port}"
        self.url = f"kafka://{self.servers}/{self.topic}"
        self._arguments = [f"-port={port}", f"-error={error}", f"-after={after}", f"-times={times}"]
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [_built(), *self._arguments], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "ready\n"
        return self

    def stop(self):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


def _built():
    """Return the program; build it if it is not in the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "kfake.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not BINARY.exists() or BINARY.stat().st_mtime < (SOURCE / "main.go").stat().st_mtime:
            go = shutil.which("go")
            assert go, "go is missing: install Go 1.26 or newer, see go.dev/doc/install"
            subprocess.run([go, "build", "-o", str(BINARY), "."], cwd=SOURCE, check=True)
    return BINARY
