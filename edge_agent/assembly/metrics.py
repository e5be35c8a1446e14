"""The metrics, if they are configured: their thread, and what it reads when Prometheus asks."""

import logging
import os
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edge_agent.assembly.evaluation import alert_names
from edge_agent.assembly.sink_report import READING_FAILS, SinkReport, log_accounts
from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.config.config import Config
from edge_agent.config.listen import listen_address
from edge_agent.evaluate.engine_items import Shown
from edge_agent.figures import Figure, unreported
from edge_agent.observe.metrics.state import AgentState, DiskState, LogState, SinkState
from edge_agent.store.reader import LogReader
from edge_agent.threads import Worker

if TYPE_CHECKING:
    from edge_agent.observe.metrics.agent_sums import ConfiguredNames
    from edge_agent.observe.metrics.server import AgentMetrics

REASONS = ("max_size", "thinned", "disk_full", "damaged")  # shown as 0 until they drop events
PutFigure: TypeAlias = Callable[[Figure | Shown], None]

_logger = logging.getLogger(__name__)


class Metrics:
    """Takes figures and what is shown, from any thread; without `[metrics]`, it drops them.

    The main thread alone calls the rest. A failed thread ends the metrics, and nothing else.
    """

    def __init__(self, blueprint: Blueprint, log_path: Path, clock: Clock) -> None:
        self.put: PutFigure = unreported
        self._metrics: AgentMetrics | None = None
        self._worker: Worker | None = None
        if blueprint.config.metrics.listen:
            self._build(blueprint.config, log_path, clock)
        self.follow(blueprint)

    def start(self) -> None:
        """Serve, if it is configured."""
        if self._worker is not None:
            self._worker.start()

    def follow(self, blueprint: Blueprint) -> None:
        """Show the devices, rules, outputs and sinks of a blueprint from now on."""
        if self._metrics is not None:
            self._metrics.put(_names(blueprint))

    def stop(self, deadline: float) -> None:
        """End the thread; one that is busy with a slow client ends with the process."""
        if self._worker is not None:
            self._worker.finish(deadline)

    def _build(self, config: Config, log_path: Path, clock: Clock) -> None:
        from edge_agent.observe.metrics.server import AgentMetrics, MetricsServer  # noqa: PLC0415

        host, port = listen_address(config.metrics.listen)
        state = partial(read_state, config, log_path, clock)
        self._metrics = AgentMetrics(state, clock.monotonic)
        self.put = self._metrics.put
        server = MetricsServer(host, port, self._metrics, clock.monotonic)
        self._worker = Worker("metrics", server.run, server.stop, _failed)


def read_state(config: Config, log_path: Path, clock: Clock) -> AgentState:
    """Return what is true at this moment; what cannot be read is left out."""
    log = disk = None
    with suppress(*READING_FAILS), closing(LogReader(log_path)) as reader:
        log = _log_state(reader, config.log.max_size, clock)
    with suppress(OSError):
        disk = _disk_state(log_path.parent)
    return AgentState(config.node, version("edge-agent"), clock.now().trusted, log, disk)


def _log_state(reader: LogReader, limit: int, clock: Clock) -> LogState:
    with reader.snapshot():
        stats, reports = log_accounts(reader, clock)
        oldest = sum(event.time for event in reader.read_after(0, 1)) / 1e6
    sinks = {name: _sink_state(report) for name, report in reports.items()}
    return LogState(stats.recorded, stats.rows, oldest, stats.bytes, limit, sinks)


def _sink_state(report: SinkReport) -> SinkState:
    return SinkState(
        report.state == "delivering",
        report.waiting,
        report.oldest if report.waiting else 0.0,
        report.delivered,
        sum(report.refused.values()),
        dict.fromkeys(REASONS, 0) | report.dropped,
    )


def _disk_state(directory: Path) -> DiskState:
    system = os.statvfs(directory)
    return DiskState(
        system.f_frsize * system.f_blocks, system.f_frsize * system.f_bavail, _written()
    )


def _written() -> int | None:
    """Return the bytes that this process wrote to disks; None if the kernel does not count."""
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("write_bytes:")), None)


def _names(blueprint: Blueprint) -> "ConfiguredNames":
    from edge_agent.observe.metrics.agent_sums import ConfiguredNames  # noqa: PLC0415

    return ConfiguredNames(
        tuple(device.name for device in blueprint.devices),
        tuple(alert_names(blueprint)),
        tuple(output.name for output in blueprint.outputs),
        tuple(sink.plan.name for sink in blueprint.sinks),
    )


def _failed(name: str) -> None:
    _logger.error(
        "%s: ended by an error; the agent continues without them until it is restarted", name
    )
