"""A storm: edges on one pin, garbage on a line that comes and goes, and a bus that hangs, at once.

python -m benchmarks.storm DIRECTORY SECONDS   prints JSON: what was lost, and the lateness.
"""

import errno
import json
import os
import pty
import random
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from drivers.base.serial import PluggableLine
from edge_agent.acquire.schedule import phase_of
from edge_agent.agent import Agent
from edge_agent.assembly.control import Control
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.commands.simulation import simulated_hardware
from edge_agent.evaluate.engine_items import Shown
from edge_agent.events import Reading
from edge_agent.store.reader import LogReader
from simulators.hardware import SimulatedHardware

CONFIG = """
node = "storm"
[log]
commit_interval = "100ms"
[[device]]
name = "meter"
driver = "pulse"
kind = "count"
per_pulse = 1
debounce = 0
pin = 27
every = "1s"
[device.channel.frequency]
high = 1e6
[[device]]
name = "door"
driver = "contact"
debounce = 0.005
pin = 17
every = "1h"
[[device]]
name = "dust"
driver = "pms5003"
path = "%s"
every = "1s"
"""
HUNG = """
[[device]]
name = "hung%d"
driver = "sht4x"
bus = 90
address = %d
every = "1s"
"""
CALM = """
[[device]]
name = "calm%d"
driver = "sht4x"
bus = %d
every = "50ms"
"""
SCENARIO = """
[signal."meter.frequency"]
kind = "constant"
level = 0
"""
HUNG_BUS = 90
BURST = 100  # edges; the contact moves once in as many
HOLD_SECONDS = 0.02
PHASE = phase_of("storm")  # µs
CONVERSION_MS = 10.0  # of an sht4x, and its transfers
GARBAGE = 576  # bytes in 50 ms at 115,200 baud


class HungBus:
    """Each transfer takes as long as the kernel waits, and fails."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def i2c_rdwr(self, *_messages: object) -> None:
        """Raise OSError after the time-out."""
        time.sleep(self._seconds)
        raise OSError(errno.ETIMEDOUT, "timed out")


class Babbler:
    """A USB adapter that brings garbage, pulled out and plugged in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._chance = random.Random(1)
        self._ends: tuple[int, ...] = ()

    def babble(self) -> None:
        """Send what 50 ms bring, unless nothing reads it; plug or pull now and then."""
        if self._chance.random() < 0.05:
            self.pull() if self._ends else self._plug()
        if self._ends:
            try:
                os.write(self._ends[0], self._chance.randbytes(GARBAGE))
            except BlockingIOError:
                return

    def pull(self) -> None:
        """Take the adapter away."""
        self.path.unlink(missing_ok=True)
        for end in self._ends:
            os.close(end)
        self._ends = ()

    def _plug(self) -> None:
        self._ends = pty.openpty()
        os.set_blocking(self._ends[0], False)
        self.path.symlink_to(os.ttyname(self._ends[1]))


class Storm:
    """An agent, and all that goes wrong around it."""

    def __init__(self, directory: Path, *, timeout: float = 1.0) -> None:
        """`timeout`: seconds that a transfer on the bus that hangs takes."""
        self.babbler = Babbler(directory / "ttyUSB0")
        self.edges = self.moves = self.moves_seen = 0
        self.lateness: list[float] = []  # ms
        self._log = directory / "storm.db"
        self._clock = SystemClock()
        hardware = self._hardware(directory, timeout)
        self._meter, self._door = (hardware.pins().pin(number) for number in (27, 17))
        self._moved = self._clock.monotonic()
        self.seen: dict[str, Reading] = {}

    def _hardware(self, directory: Path, timeout: float) -> SimulatedHardware:
        config = directory / "storm.toml"
        hung = "".join(HUNG % (n, 0x44 + n) for n in range(3))
        calm = "".join(CALM % (n, n) for n in range(5))
        config.write_text(CONFIG % self.babbler.path + hung + calm)
        config.with_suffix(".scenario.toml").write_text(SCENARIO)
        blueprint = resolve(config)
        hardware = simulated_hardware(blueprint, config)
        works = hardware.i2c
        vars(hardware)["i2c"] = lambda n: HungBus(timeout) if n == HUNG_BUS else works(n)
        vars(hardware)["serial"] = PluggableLine
        self.agent = Agent(
            blueprint,
            hardware,
            self._log,
            control=Control(),
            clock=self._clock,
            reread=lambda: blueprint,
            watch=self._see,
        )
        return hardware

    def _see(self, shown: Shown) -> None:
        """Note how late the devices are that have nothing to do with the storm."""
        if not isinstance(shown, Reading):
            return
        before = self.seen.get(shown.device, shown)
        if shown.values or shown.device != "door":
            self.seen[shown.device] = shown
            self.moves_seen += shown.device == "door" and shown.values != before.values
        if shown.device.startswith("calm"):
            since = (shown.moment.time - PHASE) % 50_000
            self.lateness.append(since / 1000 - CONVERSION_MS)

    def burst(self) -> None:
        """Make edges as fast as possible, and move the contact once."""
        for _ in range(BURST):
            self._meter.drive(not self._meter.state)
        self.edges += BURST
        if self._clock.monotonic() - self._moved >= HOLD_SECONDS:
            self.moves += 1
            self._door.drive(not self._door.state)
            self._moved = self._clock.monotonic()

    def finish(self) -> dict[str, Any]:
        """Stop the agent, and return what it has counted and reported."""
        self.agent.stop()
        self.babbler.pull()
        with closing(LogReader(self._log)) as reader:
            total = msgspec.json.decode(reader.saved_states()["total/meter"])
            readings = (e for e in reader.events_after(0) if e.source == "door")
            values = (msgspec.json.decode(e.data)["values"] for e in readings)
            levels = [each["active"] for each in values if each]
        moves = sum(a != b for a, b in pairwise(levels))
        return {"counted": 2 * total["pulses"], "moves": moves}


def run(directory: Path, seconds: float = 10) -> dict[str, float]:
    """Return what a storm in a process of its own has lost, and the others' lateness."""
    command = [sys.executable, "-m", "benchmarks.storm", str(directory), str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Let it storm, at 10,000 edges a second."""
    directory, seconds = Path(sys.argv[1]), float(sys.argv[2])
    storm = Storm(directory)
    storm.agent.start()
    begin = time.monotonic()
    babbled = begin
    while (now := time.monotonic()) < begin + seconds:
        if storm.edges < 10_000 * (now - begin):
            storm.burst()
        else:
            time.sleep(0.002)
        if now - babbled >= 0.05:
            babbled = now
            storm.babbler.babble()
    lateness = sorted(storm.lateness[100:])  # after the start
    while storm.moves_seen < storm.moves and time.monotonic() < begin + seconds + 5:
        time.sleep(0.01)
    found = storm.finish()
    p99 = lateness[len(lateness) * 99 // 100]
    lost = {
        "edges_lost": storm.edges - found["counted"],
        "moves_lost": storm.moves - found["moves"],
    }
    print(json.dumps({"edges": storm.edges, "p99_ms": p99, **lost}))


if __name__ == "__main__":
    main()
