"""`make soak`: a real agent under load for half an hour; memory, files and log lines stay bounded.

The load is benchmarks/soak.toml on simulated chips. Meanwhile the broker is killed and started
again, commands come, right and wrong ones, and the configuration is read again.
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
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import paho.mqtt.client as paho

from benchmarks.broker import free_port, mosquitto
from benchmarks.measure import cpu_seconds, rss
from benchmarks.proof import record, table

AGENT = (sys.executable, "-m", "edge_agent")
CONFIG = Path(__file__).parent / "soak.toml"
SAMPLE = 2.0  # seconds
WARM_UP = 1 / 3  # of the whole time: by then the log has its largest size, and trims
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
GROWTH, LINES = 1.0, 60.0  # the most that is allowed: MiB, and lines a minute


class Sample(NamedTuple):
    """What the process uses at a moment; `lines` are those of its log so far."""

    seconds: float
    rss: float
    descriptors: int
    threads: int
    lines: int


class Row(NamedTuple):
    """One line of the report; `limit` is empty if there is none."""

    what: str
    found: str
    limit: str = ""
    holds: bool = True

    def cells(self) -> tuple[str, ...]:
        """Return it as a line of the table."""
        verdict = ("holds" if self.holds else "**missed**") if self.limit else ""
        return (self.what, self.found, self.limit, verdict)


class Soak:
    """The agent in a process of its own, and what disturbs it."""

    def __init__(self, directory: Path, port: int) -> None:
        self._log = directory / "journal"
        self._port = port
        url, path = f"mqtt://127.0.0.1:{port}", directory / "soak.db"
        self._options = ["--set", f"mqtt.url={url}", "--set", f"log.path={path}"]
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
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


def soak(directory: Path, minutes: float) -> list[Row]:
    """Run the agent for some minutes; return the report."""
    port, end = free_port(), round(minutes * 60)
    with ExitStack() as broker, Soak(directory, port).running() as run:
        broker.enter_context(mosquitto(port))
        begin = time.monotonic()
        for second in range(end):
            time.sleep(max(begin + second - time.monotonic(), 0))
            run.disturb(second)
            if second % OUTAGE == OUTAGE - AWAY:
                broker.close()
            if second % OUTAGE == 0 and second:
                broker.enter_context(mosquitto(port))
            if second % SAMPLE == 0:
                run.sample(second)
        if end % OUTAGE in {0, *range(OUTAGE - AWAY, OUTAGE)}:
            broker.enter_context(mosquitto(port))
        _wait(run.delivered)
        cpu = cpu_seconds(run.agent.pid)
    return [*usage(run.samples, cpu), *account(run.stats(), run.agent.returncode, run.sent)]


def usage(samples: list[Sample], cpu: float) -> Iterator[Row]:
    """Yield what was used after the warm-up, and how much more at its end than at its beginning."""
    seconds = samples[-1].seconds
    warm = [one for one in samples if one.seconds >= seconds * WARM_UP]
    part = len(warm) // 4
    before, after = (median(one.rss for one in some) for some in (warm[:part], warm[-part:]))
    grown, lines = after - before, (warm[-1].lines - warm[0].lines) / (seconds - warm[0].seconds)
    yield Row("minutes, of these warm-up", f"{seconds / 60:.0f}, {seconds * WARM_UP / 60:.0f}")
    yield Row("CPU of one core", f"{cpu / seconds:.1%}")
    yield Row("RSS, median of the first quarter after warm-up", f"{before:.2f} MiB")
    yield Row("RSS, median of the last quarter", f"{after:.2f} MiB")
    yield Row("growth", f"{grown:+.2f} MiB", f"< {GROWTH:+.2f} MiB", grown < GROWTH)
    yield Row("RSS, highest after warm-up", f"{max(one.rss for one in warm):.2f} MiB")
    yield steady("descriptors while connected", [one.descriptors for one in warm])
    yield steady("threads", [one.threads for one in warm])
    yield Row("lines logged a minute", f"{lines * 60:.1f}", f"< {LINES}", lines * 60 < LINES)


def steady(what: str, counts: list[int]) -> Row:
    """Return whether a count at the end is no higher than after warm-up."""
    part = len(counts) // 4
    first, last = max(counts[:part]), max(counts[-part:])
    return Row(
        what, f"{min(counts)} to {max(counts)}, at the end {last}", f"≤ {first}", last <= first
    )


def account(stats: dict[str, Any], code: int, commands: int) -> Iterator[Row]:
    """Yield whether every event is accounted for."""
    mqtt, recorded = stats["sinks"]["mqtt"], stats["recorded"]
    lost = sum(mqtt["refused"].values()) + sum(mqtt["dropped"].values())
    yield Row("commands sent", f"{commands}")
    yield Row("events recorded", f"{recorded}")
    yield Row("delivered", f"{mqtt['delivered']}")
    yield Row("waiting at the end", f"{mqtt['waiting']}")
    yield Row("refused or dropped", f"{lost}", "0", lost == 0)
    found = mqtt["delivered"] + mqtt["waiting"] + lost
    yield Row("in the account of the sink", f"{found}", f"{recorded}", found == recorded)
    yield Row("exit code", f"{code}", "0", code == 0)


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + FINISH
    while not condition() and time.monotonic() < deadline:
        time.sleep(1)


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
