"""The option `--metrics`, and the source that it lets Prometheus see."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import Any

import click

from consumers.metrics.figures import ConsumerFigures, ConsumerTotals
from consumers.metrics.measured import MeasuredSource
from consumers.options import AddressType, chosen_source
from consumers.source import Source
from consumers.steady_clock import SteadyClock
from edge_agent.config.listen import ListenAddress
from edge_agent.errors import MissingPackage

METRICS_OPTION = click.option(
    "--metrics",
    type=AddressType("127.0.0.1:9274"),
    metavar="HOST:PORT",
    help="Serve metrics to Prometheus there, such as 127.0.0.1:9274.",
)


@contextmanager
def measured_source(
    totals: Callable[[], ConsumerTotals],
    *,
    metrics: ListenAddress | None,
    **where: Any,  # noqa: ANN401 - the options of `chosen_source`
) -> Iterator[Source]:
    """Yield the source that `where` names, not yet open; close it at the end of the block.

    If there is an address, Prometheus can read there until then what has arrived, and `totals`.
    """
    with ExitStack() as stack:
        source = stack.enter_context(closing(chosen_source(**where)))
        if metrics:
            publish = stack.enter_context(_serving(metrics))
            yield MeasuredSource(source, totals, publish, SteadyClock())
        else:
            yield source


def _serving(
    address: ListenAddress,
) -> AbstractContextManager[Callable[[ConsumerFigures], None]]:
    try:
        from consumers.metrics.server import serving  # noqa: PLC0415 - optional, and a thread
    except ImportError:
        raise MissingPackage("prometheus_client", "metrics") from None
    return serving(address)
