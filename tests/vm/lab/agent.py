"""The real program as a process, on simulated chips."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.events import LoggedEvent
from edge_agent.store.reader import LogReader


class AgentProcess:
    """The real program, on simulated chips, publishing to a real broker."""

    def __init__(self, directory: Path, url: str, config: str) -> None:
        self.config = directory / "load.toml"
        self.config.write_text(config)
        self.log = directory / "load.db"
        self.output = directory / "output.txt"
        self._settings = ["--set", f"log.path={self.log}"]
        self._settings += ["--set", f"mqtt.url={url}"] if url else []  # else the file says it
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str, environment: dict[str, str] | None = None) -> "AgentProcess":
        """Start it; `environment` is added to that of this process."""
        command = [sys.executable, "-m", "edge_agent", "simulate", "--no-broker"]
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, str(self.config), *self._settings, *more],
                stdout=output,
                stderr=output,
                env=os.environ | (environment or {}),
            )
        return self

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """Return the process that was started last."""
        assert self._process is not None
        return self._process

    def is_running(self) -> bool:
        """Return whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it, and wait for its end."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int | None:
        """Stop as systemd does, and wait for the end; return the exit code."""
        if not self.is_running():
            return None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def starts(self) -> int:
        """Return how often it has said that it runs."""
        return self.output.read_text().count("running: ") if self.output.exists() else 0

    def says(self, text: str) -> bool:
        """Return whether its output has a text."""
        return text in self.output.read_text()

    def events(self) -> list[LoggedEvent]:
        """Return all events in the log."""
        with closing(LogReader(self.log)) as reader:
            return reader.read_after(0, 1_000_000)

    def offsets(self) -> list[int]:
        """Return the offsets of all events in the log."""
        return [event.offset for event in self.events()]

    def cursor(self, sink: str) -> int:
        """Return the offset up to which a sink owns the events, 0 if the log does not know it."""
        with closing(LogReader(self.log)) as reader:
            account = reader.accounts().get(sink)
            return account.cursor if account else 0

    def waiting(self) -> int:
        """Return how many offsets lie before the sink `mqtt`."""
        with closing(LogReader(self.log)) as reader:
            return reader.last_offset() - reader.accounts()["mqtt"].cursor
