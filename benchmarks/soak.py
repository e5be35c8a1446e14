"""`make soak`: a real agent under load for half an hour; memory, files and log lines stay bounded.

The load is benchmarks/soak.toml on simulated chips. Meanwhile the broker stops and starts
again, commands come, right and wrong ones, and the configuration is read again. A subscriber audits
what it receives.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.broker import free_port, mosquitto
from benchmarks.measure import cpu_seconds, rss
from benchmarks.proof import record, table
from benchmarks.soak_report import Row, Sample, account, received, usage
from consumers.audit.audit import Audit
from consumers.audit.following import End, Following
from consumers.audit.report import AuditReport
from consumers.audit.views import NoView
from consumers.sources.mqtt.source import MqttSource
from consumers.steady_clock import SteadyClock
from edge_agent.deliver.mqtt.address import Broker, parse_url

AGENT = (sys.executable, "-m", "edge_agent")
CONFIG = Path(__file__).parent / "soak.toml"
SAMPLE = 2.0  # seconds
OUTAGE, AWAY = 180, 10  # seconds: how often the broker stops, and for how long
RELOAD = 60  # seconds
FINISH = 60  # seconds for what is still to be delivered at the end
COMMANDS: tuple[tuple[str, bytes], ...] = (
    ("read", b'{"device": "air"}'),
    ("set", b'{"output": "fan", "value": "on", "for": 3}'),
    ("diagnostics", b"{}"),
    ("threshold", b'{"rule": "warm", "threshold": "limit", "value": 24.5}'),
    ("acknowledge", b'{"rule": "warm"}'),
    ("read", b'{"device": "nothing"}'),
    ("boom", b"\xff" * 2000),
)
SOON = 500  # events: fewer wait only for the next batch
FOREVER, QUIET = float("inf"), 10.0  # seconds: the audit ends when nothing has arrived for so long


class Soak:
    """The agent in a process of its own, and what disturbs it."""

    def __init__(self, directory: Path, port: int) -> None:
        self._log = directory / "journal"
        self._port = port
        url, path = f"mqtt://127.0.0.1:{port}", directory / "soak.db"
        self._options = ["--set", f"mqtt.url={url}", "--set", f"log.path={path}"]
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 2)
        self.samples: list[Sample] = []
        self.sent = 0

    @contextmanager
    def running(self) -> Iterator["Soak"]:
        """Run the agent, and stop it as systemd does."""
        self._client.connect_async("127.0.0.1", self._port)
        self._client.loop_start()
        with self._log.open("w") as journal:
            self.agent = subprocess.Popen(
                [*AGENT, "simulate", str(CONFIG), "--no-broker", *self._options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=journal,
            )
        try:
            yield self
        finally:
            self.agent.send_signal(signal.SIGTERM)
            self.agent.wait()
            self._client.loop_stop()

    def disturb(self, second: int) -> None:
        """Send a command each second, and reload each minute."""
        name, payload = COMMANDS[second % len(COMMANDS)]
        self.sent += self._client.publish(f"edge/soak/command/{name}", payload, 0).rc == 0
        if second % RELOAD == RELOAD - 1:
            self.agent.send_signal(signal.SIGHUP)

    def sample(self, seconds: float) -> None:
        """Note what the process uses now."""
        process = Path(f"/proc/{self.agent.pid}")
        self.samples.append(
            Sample(
                seconds,
                rss(self.agent.pid),
                len(list((process / "fd").iterdir())),
                len(list((process / "task").iterdir())),
                len(self._log.read_text().splitlines()),
            )
        )

    def stats(self) -> dict[str, Any]:
        """Return the account of the log."""
        command = [*AGENT, "log", "-c", str(CONFIG), *self._options, "stats", "--json"]
        done = subprocess.run(command, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def delivered(self) -> bool:
        """Return whether little waits for the broker."""
        waiting: int = self.stats()["sinks"]["mqtt"]["waiting"]
        return waiting < SOON


class Subscriber:
    """Receives what the agent delivers, for as long as the soak waits."""

    def __init__(self, port: int) -> None:
        broker = Broker((parse_url(f"mqtt://127.0.0.1:{port}"),), "soak-audit")
        self._source = MqttSource(broker)
        self._source.open()
        end = End(FOREVER, QUIET)
        self._audit = Audit()
        self._following = Following(self._source, self._audit, NoView(), end, SteadyClock())

    def until(self, moment: float) -> None:
        """Receive until a moment of the monotonic clock."""
        while time.monotonic() < moment:
            self._following.step()

    def finish(self) -> AuditReport:
        """Receive what is still on its way; return what was found."""
        report = self._following.run()
        self._source.close()
        return report


def soak(directory: Path, minutes: float) -> list[Row]:
    """Run the agent for some minutes; return the report."""
    port, end = free_port(), round(minutes * 60)
    with ExitStack() as broker:
        start = lambda: broker.enter_context(mosquitto(port, directory))  # noqa: E731
        start()  # type: ignore[no-untyped-call]
        subscriber = Subscriber(port)
        with Soak(directory, port).running() as run:
            _disturb(run, subscriber, end, start, broker.close)
            _wait(run.delivered, subscriber)
            cpu = cpu_seconds(run.agent.pid)
        report, stats = subscriber.finish(), run.stats()
    found = usage(run.samples, cpu), account(stats, run.agent.returncode, run.sent)
    return [*chain(*found), *received(report, stats)]


def _disturb(
    run: Soak,
    subscriber: Subscriber,
    end: int,
    start: Callable[[], object],
    stop: Callable[[], None],
) -> None:
    """Let some seconds pass; the broker is there when they end."""
    begin, returns = time.monotonic(), range(OUTAGE, end - OUTAGE // 2, OUTAGE)
    for second in range(end):
        subscriber.until(begin + second)
        run.disturb(second)
        if second + AWAY in returns:
            stop()
        if second in returns:
            start()
        if second % SAMPLE == 0:
            run.sample(second)


def _wait(condition: Callable[[], bool], subscriber: Subscriber) -> None:
    deadline = time.monotonic() + FINISH
    while not condition() and time.monotonic() < deadline:
        subscriber.until(time.monotonic() + 1)


def main() -> int:
    """Soak, and write the report; return 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    with tempfile.TemporaryDirectory() as directory:
        rows = soak(Path(directory), parser.parse_args().minutes)
    text = table(("what", "found", "limit", ""), [row.cells() for row in rows])
    print(text)
    record("soak", text)
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
