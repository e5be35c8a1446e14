"""The thread of the metrics: it adds up what others report, and answers Prometheus.

Others put their figures into its inbox and go on. It alone owns the sums, and reads the rest when
it is asked; so nothing is locked, and a slow client or a slow disk delays nothing but the metrics.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from edge_agent.config.listen import ListenAddress
from edge_agent.observe.metrics.agent_sums import AgentSums, MetricsItem
from edge_agent.observe.metrics.connection import MetricsListener
from edge_agent.observe.metrics.families import PARTS, stated, watched
from edge_agent.observe.metrics.state import AgentState

WAIT = 0.5  # seconds for a request, before the inbox is emptied again
RETRY = 30.0  # seconds until an address is tried again: a network may come up late
HELD = 100_000  # items in the inbox, if the disk does not let the log be read

_logger = logging.getLogger(__name__)


class AgentMetrics(Collector):
    """Adds up what `put` gets; `state` reads what is true when Prometheus asks."""

    def __init__(self, state: Callable[[], AgentState], monotonic: Callable[[], float]) -> None:
        self._inbox: SimpleQueue[MetricsItem] = SimpleQueue()
        self._state = state
        self._monotonic = monotonic
        self._sums = AgentSums()

    def put(self, item: MetricsItem) -> None:
        """Take an item, from any thread, without waiting; beyond `HELD` it is not counted."""
        if self._inbox.qsize() < HELD:
            self._inbox.put(item)

    def add_up(self) -> None:
        """Add up what has been put."""
        with suppress(Empty):
            for _ in range(self._inbox.qsize()):
                self._sums.take(self._inbox.get_nowait())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of one scrape."""
        self.add_up()
        for part in PARTS:
            yield from part(self._sums)
        yield from watched(self._sums.threads, self._monotonic())
        yield from stated(self._state())

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: the names are known when they are collected."""
        return iter(())


class MetricsServer:
    """Serves metrics at an address until `stop`; one that is taken is tried again."""

    def __init__(
        self, host: str, port: int, metrics: AgentMetrics, monotonic: Callable[[], float]
    ) -> None:
        self._address = ListenAddress(host, port)
        self._metrics = metrics
        self._monotonic = monotonic
        self._registry = CollectorRegistry()
        self._registry.register(metrics)
        ProcessCollector(registry=self._registry)
        self._server: MetricsListener | None = None
        self._retry_at = float("-inf")
        self._failed = ""
        self._stopping = threading.Event()
        self.stop = self._stopping.set

    def run(self) -> None:
        """Serve until asked to stop."""
        while not self._stopping.is_set():
            self.step()
        if self._server is not None:
            self._server.server_close()

    def step(self) -> None:
        """Answer a request if one comes soon, and add up what was reported."""
        self._metrics.add_up()
        if self._server is not None:
            self._server.handle_request()
        elif self._monotonic() >= self._retry_at:
            self._open()
        else:
            self._stopping.wait(WAIT)

    def _open(self) -> None:
        where = "metrics: {}:{}".format(*self._address)
        try:
            self._server = MetricsListener(self._address, self._registry)
        except OSError as error:
            self._retry_at = self._monotonic() + RETRY
            self._complain(f"{where}: {error.strerror or error}")
        else:
            _logger.info("%s serves Prometheus", where)

    def _complain(self, text: str) -> None:
        if text != self._failed:
            remedy = "name another address or port in [metrics]; tried again every 30 s"
            _logger.error("%s; %s", text, remedy)
        self._failed = text
