"""`--metrics`: a thread from which Prometheus reads the latest figures.

The consumer's thread replaces the figures, and this one reads them: a value that never changes, so
nothing is locked.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from consumers.metrics.families import families
from consumers.metrics.figures import ConsumerFigures
from edge_agent.config.listen import ListenAddress
from edge_agent.errors import AgentError
from edge_agent.observe.metrics.connection import MetricsListener
from edge_agent.threads import Worker

END_SECONDS = 1.0  # a thread that is busy with a slow client ends with the process
REMEDIES = {
    errno.EADDRINUSE: "choose another port, or end the program that has it",
    errno.EACCES: "choose a port from 1024 on",
    errno.EADDRNOTAVAIL: "choose an address of this machine, such as 127.0.0.1",
}

_logger = logging.getLogger(__name__)


class FiguresCollector(Collector):
    """Shows the figures that were set last; `clock` returns seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._figures = ConsumerFigures()

    def publish(self, figures: ConsumerFigures) -> None:
        """Show these figures from now on."""
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of one scrape."""
        return families(self._figures, self._clock())


@contextmanager
def serving(address: ListenAddress) -> Iterator[Callable[[ConsumerFigures], None]]:
    """Serve until the end of the block; yield what replaces the figures."""
    collector = FiguresCollector(time.time)
    stopping = threading.Event()
    with _listener(address, collector) as listener:

        def run() -> None:
            while not stopping.is_set():
                listener.handle_request()

        worker = Worker("metrics", run, stopping.set, _failed)
        worker.start()
        try:
            yield collector.publish
        finally:
            worker.finish(time.monotonic() + END_SECONDS)


def _listener(address: ListenAddress, collector: Collector) -> MetricsListener:
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    try:
        return MetricsListener(address, registry)
    except OSError as error:
        where = f"--metrics {address}: {error.strerror or error}"
        remedy = REMEDIES.get(error.errno or 0, "choose another address or port")
        raise AgentError(where, remedy) from error


def _failed(_name: str) -> None:
    _logger.error("Prometheus sees nothing until the next start; events go on")
