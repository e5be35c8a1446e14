"""A real PostgreSQL server on a Unix socket, with databases of its own."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg
from lab.waiting import eventually

INSTALLED = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
PLACES = os.pathsep.join([*INSTALLED, "/usr/local/bin", "/usr/bin"])
USER = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
GUARDED = "local all guarded scram-sha-256\n"  # anybody else needs no password
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # a process is killed, never the machine
    "shared_buffers": "16MB",
    "max_connections": "20",
    "autovacuum": "off",
}


def program(name):
    found = shutil.which(name, path=PLACES)
    assert found, f"{name} is missing: apt install postgresql (make test does it)"
    return found


class PostgresqlServer:
    """`kill` and `start` it any number of times."""

    def __init__(self):
        self._directory = Path(tempfile.mkdtemp(prefix="edge-pg-"))  # a socket's path is short
        self._data = self._directory / "data"
        if USER:
            shutil.chown(self._directory, USER)
        words = ["initdb", "-D", self._data, "-U", "edge", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [program(words[0]), *map(str, words[1:]), "--locale=C", "--no-sync"],
            **self._as_user(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        access = self._data / "pg_hba.conf"
        access.write_text(GUARDED + access.read_text())
        self._schemas = (f"s{n}" for n in count())
        self._process = None

    def start(self):
        """Return when the server answers; what a killed one held may take a moment to be free."""
        eventually(self._is_up)
        return self

    def url(self):
        """Return the URL of a store of its own: a schema."""
        schema = next(self._schemas)
        self.execute(f"CREATE SCHEMA {schema}")
        return f"{self.url_of('edge')}&options=-csearch_path%3D{schema}"

    def url_of(self, user, database="postgres"):
        return f"postgresql://{user}@/{database}?host={self._directory}"

    def execute(self, sql):
        with psycopg.connect(self.url_of("edge"), autocommit=True) as connection:
            connection.execute(sql)

    def kill(self):
        """Send SIGKILL to the postmaster; its other processes end when they see that."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.send_signal(2)  # ends sessions
            self._process.wait(30)
        shutil.rmtree(self._directory)

    def _is_up(self):
        if self._process is None or self._process.poll() is not None:
            options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
            place = ["-D", str(self._data), "-k", str(self._directory)]
            self._process = subprocess.Popen(
                [program("postgres"), *place, *options],
                **self._as_user(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url_of("edge")).close()
            return True
        return False

    def _as_user(self):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        groups = {"group": "nogroup", "extra_groups": []} if USER else {}
        return {"cwd": self._directory, "user": USER, "env": environment, **groups}
