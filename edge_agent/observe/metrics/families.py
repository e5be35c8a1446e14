"""Figures as the metrics of Prometheus, one function for each part of the agent."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from edge_agent.events import GOOD
from edge_agent.figures import SignOfLife
from edge_agent.observe.metrics.agent_sums import AgentSums
from edge_agent.observe.metrics.distribution import Distribution
from edge_agent.observe.metrics.state import AgentState, DiskState, LogState

RULE_STATES = ("inactive", "pending", "firing", "flapping")


def measured(sums: AgentSums) -> Iterator[Metric]:
    """Yield what became of the devices."""
    yield _counter("readings", "Readings, by their quality.", ("device", "quality"), sums.readings)
    text = "Attempts to measure a device that failed, those that were repeated included."
    yield _counter("read_errors", text, ("device", "reason"), sums.errors)
    good = {device: float(_is_good(sums, device)) for device in sums.names.devices}
    yield _gauge("device_good", "1 if the latest reading of a device is good.", "device", good)
    latest = {device: one.moment.time / 1e6 for device, one in sums.latest.items()}
    name = "last_reading_timestamp_seconds"
    yield _gauge(name, "When the latest reading, good or not, was measured.", "device", latest)
    text = "How long a measurement took, the waits of the chip included."
    yield _histogram("measurement_seconds", text, "device", sums.measuring)
    text = "How long after it was due a measurement began."
    yield _histogram("measurement_lateness_seconds", text, "device", sums.lateness)


def evaluated(sums: AgentSums) -> Iterator[Metric]:
    """Yield the states of rules and outputs."""
    states = {
        (rule, each): float(each == state)
        for rule, state in sums.rules.items()
        for each in RULE_STATES
    }
    rules = GaugeMetricFamily(
        "edge_rule_state", "1 for the state that a rule is in.", labels=("rule", "state")
    )
    for labels, value in states.items():
        rules.add_metric(labels, value)
    yield rules
    unknown = {rule: float(rule in sums.unknown) for rule in sums.rules}
    text = "1 if the condition of a pending or firing rule is unknown."
    yield _gauge("rule_unknown", text, "rule", unknown)
    yield _gauge("output_ratio", "What an output is set to: 0 to 1.", "output", sums.outputs)
    yield _counter("output_switches", "Settings of an output.", ("output",), sums.switches)
    text = "Settings that the hardware did not follow."
    yield _counter("output_errors", text, ("output",), sums.switch_errors)


def delivered(sums: AgentSums) -> Iterator[Metric]:
    """Yield what the forwarders report of their sinks."""
    yield _counter("sink_retries", "Deliveries that are tried again.", ("sink",), sums.retries)
    text = "How long a sink took to take over events."
    yield _histogram("sink_ack_seconds", text, "sink", sums.deliveries)


def committed(sums: AgentSums) -> Iterator[Metric]:
    """Yield how the disk takes what is recorded."""
    text = "How long the disk took to confirm a commit of the event log."
    family = HistogramMetricFamily("edge_log_fsync_seconds", text)
    family.add_metric((), sums.commits.buckets(), sums.commits.sum)
    yield family
    count = sums.commits.buckets()[-1][1]
    yield CounterMetricFamily("edge_log_commits", "Commits of the event log.", value=count)
    text = "Commits that the disk did not take; they are tried again."
    yield CounterMetricFamily("edge_log_failed_commits", text, value=sums.failed_commits)


def watched(threads: Mapping[str, SignOfLife], now: float) -> Iterator[Metric]:
    """Yield for how long the threads have been silent, and for how long they may be."""
    silence = {name: max(now - sign.at, 0.0) for name, sign in threads.items()}
    yield _gauge("thread_silence_seconds", "Time since a thread made progress.", "thread", silence)
    limits = {name: sign.limit for name, sign in threads.items()}
    text = "For how long a thread may be silent; after that, the watchdog is not fed."
    yield _gauge("thread_silence_limit_seconds", text, "thread", limits)


def stated(state: AgentState) -> Iterator[Metric]:
    """Yield what is read at this moment."""
    info = {"node": state.node, "version": state.version}
    yield InfoMetricFamily("edge_build", "The node, and the version of its agent.", info)
    text = "1 if the wall clock is known to be right."
    yield GaugeMetricFamily("edge_clock_synced", text, value=float(state.clock_set))
    text = "1 if the event log can be read."
    yield GaugeMetricFamily("edge_log_readable", text, value=float(state.log is not None))
    if state.log is not None:
        yield from chain(_of_log(state.log), _of_sinks(state.log))
    if state.disk is not None:
        yield from _of_disk(state.disk)


def _of_log(log: LogState) -> Iterator[Metric]:
    text = "Events that were ever recorded."
    yield CounterMetricFamily("edge_log_recorded_events", text, value=log.recorded)
    for name, text, value in (
        ("events", "Events in the log, history included.", log.events),
        ("bytes", "Size of the database and its write-ahead log.", log.bytes),
        ("limit_bytes", "What they may take.", log.limit),
        ("oldest_event_timestamp_seconds", "Time of the first event in the log.", log.oldest),
    ):
        yield GaugeMetricFamily(f"edge_log_{name}", text, value=value)


def _of_sinks(log: LogState) -> Iterator[Metric]:
    sinks = log.sinks.items()
    connected = {name: float(one.available) for name, one in sinks}
    yield _gauge("sink_connected", "1 if a sink took what it got last.", "sink", connected)
    waiting = {name: float(one.waiting) for name, one in sinks}
    yield _gauge("sink_waiting_events", "Events that wait for a sink.", "sink", waiting)
    lags = {name: one.lag for name, one in sinks if one.lag is not None}
    yield _gauge("sink_lag_seconds", "Age of the first event that waits.", "sink", lags)
    text = "Events that a sink owns, since its account began."
    counts = {(name,): one.delivered for name, one in sinks}
    yield _counter("sink_delivered_events", text, ("sink",), counts)
    text = "Events that a sink refused for good."
    refused = {(name,): one.refused for name, one in sinks}
    yield _counter("sink_refused_events", text, ("sink",), refused)
    text = "Events that the agent gave up before a sink had them."
    dropped = {(name, why): lost for name, one in sinks for why, lost in one.dropped.items()}
    yield _counter("sink_dropped_events", text, ("sink", "reason"), dropped)


def _of_disk(disk: DiskState) -> Iterator[Metric]:
    yield GaugeMetricFamily("edge_disk_bytes", "The log's file system.", value=disk.size)
    text = "What is free on the log's file system."
    yield GaugeMetricFamily("edge_disk_free_bytes", text, value=disk.free)
    if disk.written is not None:
        text = "What the agent wrote to the SD card or any other disk."
        yield CounterMetricFamily("edge_disk_written_bytes", text, value=disk.written)


def _is_good(sums: AgentSums, device: str) -> bool:
    return device in sums.latest and sums.latest[device].quality == GOOD


def _counter(
    name: str, text: str, labels: tuple[str, ...], counts: Mapping[Any, float]
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"edge_{name}", text, labels=labels)
    for key, count in counts.items():
        family.add_metric((key,) if isinstance(key, str) else key, count)
    return family


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"edge_{name}", text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _histogram(
    name: str, text: str, label: str, values: Mapping[str, Distribution]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"edge_{name}", text, labels=(label,))
    for key, one in values.items():
        family.add_metric((key,), one.buckets(), one.sum)
    return family


PARTS: tuple[Callable[[AgentSums], Iterable[Metric]], ...] = (
    measured,
    evaluated,
    delivered,
    committed,
)
