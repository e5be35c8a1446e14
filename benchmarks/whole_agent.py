"""The whole agent: its latency, its start, and what it costs while ten sensors are measured."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from statistics import quantiles

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.broker import free_port
from benchmarks.delays import delays
from benchmarks.idle_process import agent, settle
from benchmarks.measure import cpu_seconds, rss, written
from benchmarks.meter import chip_seconds
from benchmarks.row import Row
from benchmarks.scratch import scratch
from benchmarks.throughput import pipeline
from edge_agent.store.reader import LogReader

MANY = 200  # devices
IDLE, FLUSHES, SCRAPE = 60, 30, 5  # seconds


def latency(port: int) -> Iterator[Row]:
    """Measure the time from a measurement to its PUBACK."""
    result = pipeline(port, "latency", 500, 1)
    yield Row("measurement to PUBACK, commit at once, p50", result["p50_ms"], "ms", None, 5)
    yield Row("measurement to PUBACK, commit at once, p99", result["p99_ms"], "ms", None, 30)


def idle(port: int) -> Iterator[Row]:
    """Measure ten sensors at 1 Hz: CPU, memory, disk, and how late their events arrive."""
    with scratch() as directory, agent(port, directory, "1s") as pid, delays(port) as seconds:
        settle(directory)
        reader = LogReader(directory / "idle.db")
        events, disk = reader.last_offset(), written(pid)
        cpu, chips = cpu_seconds(pid), chip_seconds(pid)
        seconds.clear()
        time.sleep(IDLE)
        cuts = quantiles(seconds, n=10)
        events = reader.last_offset() - events
        cpu, disk = cpu_seconds(pid) - cpu, written(pid) - disk
        chips = chip_seconds(pid) - chips
        yield Row("10 devices at 1 Hz: events", events / IDLE, "events/s", 9.5)
        yield Row("  CPU of one core", cpu / IDLE * 100, "%", None, 0.6)
        yield Row("  simulated chips, of it", chips / IDLE * 100, "%")
        yield Row("  CPU without them", (cpu - chips) / IDLE * 100, "%", None, 0.6)
        yield Row("  RSS", rss(pid), "MiB", None, 36)
        yield Row("  measurement to a subscriber, p50", cuts[4] * 1e3, "ms", None, 50)
        yield Row("  measurement to a subscriber, p90", cuts[8] * 1e3, "ms")
        yield Row("  written to disk", disk / events / 1000, "kB/event", None, 1.4)
        events = reader.last_offset()
        flushes = count_flushes(pid)
        yield Row("  flushes", flushes / (reader.last_offset() - events), "per event", None, 0.2)
        reader.close()
    with scratch() as directory, agent(port, directory, "1s", str(MANY)) as pid:
        settle(directory)
        cpu, chips = cpu_seconds(pid), chip_seconds(pid)
        time.sleep(IDLE)
        cpu, chips = cpu_seconds(pid) - cpu, chip_seconds(pid) - chips
        yield Row(f"{MANY} devices at 1 Hz: CPU of one core", cpu / IDLE * 100, "%", None, 4)
        yield Row("  simulated chips, of it", chips / IDLE * 100, "%")
        yield Row("  CPU without them", (cpu - chips) / IDLE * 100, "%", None, 4)
        yield Row("  RSS", rss(pid), "MiB")


def scraped(port: int) -> Iterator[Row]:
    """Measure the same with metrics that are read every five seconds."""
    address = f"127.0.0.1:{free_port()}"
    with scratch() as directory, agent(port, directory, "1s", f"metrics.listen={address}") as pid:
        settle(directory)
        scrape(address)
        cpu, took = cpu_seconds(pid), 0.0
        for _ in range(IDLE // SCRAPE):
            time.sleep(SCRAPE)
            took += scrape(address)
        mean = took / (IDLE // SCRAPE)
        yield Row("10 devices at 1 Hz, metrics read every 5 s: a scrape", mean, "ms")
        yield Row("  CPU of one core", (cpu_seconds(pid) - cpu) / IDLE * 100, "%")
        yield Row("  RSS", rss(pid), "MiB")


def scrape(address: str) -> float:
    """Read all metrics once; return the milliseconds that it took."""
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        answer.read()
    return (time.perf_counter() - began) * 1e3


def count_flushes(pid: int) -> int:
    """Count the calls of fsync and fdatasync of a process for half a minute, with strace."""
    command = ["strace", "-f", "-e", "trace=fsync,fdatasync", "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        time.sleep(FLUSHES)
        tracer.terminate()
        _, text = tracer.communicate()
    return text.count("sync(")


def start(port: int) -> Iterator[Row]:
    """Measure the time from starting the process to the first event at a subscriber."""
    times = sorted(first_event(port) for _ in range(5))
    yield Row("start to first event at a subscriber, median of 5", times[2], "s", None, 0.6)


def first_event(port: int) -> float:
    """Start the agent once; return the seconds until its first event has arrived."""
    arrived: list[float] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda *_: arrived.append(time.perf_counter())
    client.connect("127.0.0.1", port)
    client.subscribe("edge/idle/event/#", 1)
    client.loop_start()
    with scratch() as directory:
        begin = time.perf_counter()
        with agent(port, directory, "0"):
            while not arrived:
                time.sleep(0.001)
    client.disconnect()
    client.loop_stop()
    return arrived[0] - begin
