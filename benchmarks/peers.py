"""The agent beside others that bring readings to a broker: writes benchmarks/peers.md.

Each gets or makes 1,000 readings a second, one after the other, and sends each with QoS 1 to the
same broker, to which a subscriber listens. `python -m benchmarks.peers`, or `make peers`.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.broker import free_port, mosquitto
from benchmarks.libmosquitto import compiled
from benchmarks.paced import Paced, agent_command, measured
from benchmarks.scratch import scratch
from benchmarks.telegraf import telegraf

REPORT = Path(__file__).parent / "peers.md"
HEAD = """# Peers

Written by `make peers`: 1,000 readings a second, each an event of its own with QoS 1, to one
broker with a subscriber. CPU and switches are those of the program itself, without the broker and
without what feeds it.

| program | events/s | µs of CPU an event | switches a second | MiB | what it keeps |
|---|---|---|---|---|---|
"""
BRIDGE = """listener {own} 127.0.0.1
allow_anonymous true
log_dest none
connection out
address 127.0.0.1:{port}
bridge_protocol_version mqttv50
topic edge/# out 1
"""
TELEGRAF = """[agent]
omit_hostname = true
flush_interval = "1s"
metric_buffer_limit = 100_000
{buffer}
[[inputs.mqtt_consumer]]
servers = ["tcp://127.0.0.1:{own}"]
topics = ["edge/#"]
qos = 1
data_format = "json"
[[outputs.mqtt]]
servers = ["tcp://127.0.0.1:{port}"]
topic = '{{{{ .Tag "topic" }}}}'
qos = 1
data_format = "json"
"""
ON_DISK = 'buffer_strategy = "disk"\nbuffer_directory = "{directory}"'
BEGIN = 1.0  # s that a broker takes to listen


class Peer(NamedTuple):
    """A program, what it keeps while the broker is away, and how to measure it."""

    name: str
    keeps: str
    measure: Callable[[int, Path], Paced]


def plain(port: int, _directory: Path) -> Paced:
    """Measure a loop that publishes with paho, and measures nothing."""
    return measured(port, [sys.executable, "-m", "benchmarks.paced_paho", str(port)])


def in_c(port: int, directory: Path) -> Paced:
    """Measure the same in C."""
    command, topic, lines = compiled(directory)
    return measured(port, [command, str(port), "0", topic, lines])


def agent(port: int, directory: Path) -> Paced:
    """Measure the agent, which also measures fifty devices and shows their live state."""
    return measured(port, agent_command(port, directory))


def bridge(port: int, directory: Path) -> Paced:
    """Measure a second mosquitto that forwards what a local client publishes to it."""
    own, config = free_port(), directory / "bridge.conf"
    config.write_text(BRIDGE.format(own=own, port=port))
    binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    with fed(own):
        return measured(port, [str(binary), "-c", str(config)])


def collector(port: int, directory: Path, buffer: str = "") -> Paced:
    """Measure a Telegraf that takes events from a broker of its own, and passes numbers on."""
    config = directory / "telegraf.conf"
    buffer = buffer.format(directory=directory)
    with mosquitto() as own, fed(own):
        config.write_text(TELEGRAF.format(own=own, port=port, buffer=buffer))
        return measured(port, [str(telegraf()), "--quiet", "--config", str(config)])


@contextmanager
def fed(port: int) -> Iterator[None]:
    """Publish 1,000 events a second to another broker, once it listens."""
    words = f"import time; time.sleep({BEGIN}); import runpy, sys; sys.argv = ['', '{port}']; "
    run = "runpy.run_module('benchmarks.paced_paho', run_name='__main__')"
    with subprocess.Popen([sys.executable, "-c", words + run]) as process:
        try:
            yield
        finally:
            process.terminate()


def peers() -> Iterator[Peer]:
    """Yield what is compared, the agent last."""
    yield Peer("plain paho", "nothing", plain)
    yield Peer("libmosquitto in C", "nothing", in_c)
    yield Peer("mosquitto bridge", "in memory, 1,000 messages", bridge)
    yield Peer("Telegraf", "in memory, 100,000 metrics", collector)
    on_disk = partial(collector, buffer=ON_DISK)
    yield Peer("Telegraf, buffer on disk", "on the disk", on_disk)
    yield Peer("edge-agent", "all of it, on the disk, before it is sent", agent)


def main() -> None:
    """Measure all, and write the report."""
    lines = []
    for peer in peers():
        with mosquitto() as port, scratch() as directory:
            time.sleep(BEGIN)
            found = peer.measure(port, directory)
        lines.append(
            f"| {peer.name} | {found.rate:,.0f} | {found.cpu_us:,.0f} | {found.switches:,.0f}"
            f" | {found.rss:,.1f} | {peer.keeps} |"
        )
        print(lines[-1], flush=True)
    REPORT.write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
