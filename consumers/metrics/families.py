"""What a consumer's figures are called in Prometheus."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from consumers.metrics.figures import ArrivedEvents, ConsumerFigures, ConsumerTotals

PREFIX = "edge_consumer_"
EVENTS = "Events that have arrived since the start, duplicates included."
NEWEST = "Time of the newest event of a node that has arrived."
LAG = "Time since the newest event of a node that has arrived."
DEAD = "Events and payloads that could not be used."
DUPLICATES = "Events that had arrived before."
GAPS = "Missing events in the logs of nodes, by whether a gap event names them."


def families(figures: ConsumerFigures, now: float) -> Iterator[Metric]:
    """Yield the metrics of one scrape at a moment, in seconds since 1970."""
    yield from _of_nodes(figures.nodes.items(), now)
    yield from _of_all(figures.totals)


def _of_nodes(nodes: Iterable[tuple[str, ArrivedEvents]], now: float) -> Iterator[Metric]:
    events = CounterMetricFamily(f"{PREFIX}events", EVENTS, labels=["node"])
    newest = GaugeMetricFamily(f"{PREFIX}newest_event_timestamp_seconds", NEWEST, labels=["node"])
    lag = GaugeMetricFamily(f"{PREFIX}lag_seconds", LAG, labels=["node"])
    for node, arrived in nodes:
        events.add_metric([node], arrived.events)
        if arrived.latest:
            newest.add_metric([node], arrived.latest)
            lag.add_metric([node], max(0.0, now - arrived.latest))
    yield from (events, newest, lag)


def _of_all(totals: ConsumerTotals) -> Iterator[Metric]:
    yield CounterMetricFamily(f"{PREFIX}dead", DEAD, value=totals.dead)
    if totals.duplicates is not None:
        yield CounterMetricFamily(f"{PREFIX}duplicates", DUPLICATES, value=totals.duplicates)
    gaps = CounterMetricFamily(f"{PREFIX}gaps", GAPS, labels=["explained"])
    for explained, count in (("true", totals.explained), ("false", totals.unexplained)):
        if count is not None:
            gaps.add_metric([explained], count)
    if gaps.samples:
        yield gaps
