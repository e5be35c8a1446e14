"""`--metrics`: what Prometheus reads, while a consumer runs."""

import errno
import sys
import urllib.request
from itertools import count

import pytest
from click.testing import CliRunner
from lab.broker import free_port
from prometheus_client.parser import text_string_to_metric_families

from consumers.audit.command import audit
from consumers.decode import checked
from consumers.inbox.settings import InboxCounts
from consumers.metrics.figures import ArrivedEvents, ConsumerFigures, ConsumerTotals, inbox_totals
from consumers.metrics.measured import NODES, OTHERS, MeasuredSource
from consumers.metrics.server import FiguresCollector, serving
from edge_agent.config.listen import ListenAddress
from edge_agent.errors import AgentError

PREFIX = "edge_consumer_"
START = 1_800_000_000.0


class ListedSource:
    """Hands over one list of deliveries after the other."""

    interruptions = 0

    def __init__(self, *lists):
        self._lists = list(lists)

    def receive(self, _seconds):
        return self._lists.pop(0) if self._lists else []


@pytest.fixture
def figures():
    """A function: what a measured source publishes after it has handed over lists of events."""

    def figures(*lists):
        published = []
        times = count(int(START))
        totals = lambda: inbox_totals(InboxCounts(dead=1, duplicates=2, missing=7, unexplained=3))  # noqa: E731
        source = MeasuredSource(ListedSource(*lists), totals, published.append, times.__next__)
        for _ in range(len(lists) + 1):
            source.receive(0.0)
        return published[-1]

    return figures


def scraped(port):
    """Return our samples in a scrape, by name and value of the label."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [one for each in families for one in each.samples if one.name.startswith(PREFIX)]
    return {(each.name.removeprefix(PREFIX), *each.labels.values()): each.value for each in samples}


def local(port):
    return ListenAddress("127.0.0.1", port)


def test_a_scrape_has_the_figures_that_were_published_last():
    port = free_port()
    with serving(local(port)) as publish:
        publish(ConsumerFigures(ConsumerTotals(9, 9, 9, 9)))
        publish(ConsumerFigures(ConsumerTotals(1, 2, 3, 4), {"cellar": ArrivedEvents(7, 5.0)}))
        found = scraped(port)
    assert found.pop(("lag_seconds", "cellar")) > 1e9
    assert found == {
        ("dead_total",): 1,
        ("duplicates_total",): 2,
        ("gaps_total", "true"): 3,
        ("gaps_total", "false"): 4,
        ("events_total", "cellar"): 7,
        ("newest_event_timestamp_seconds", "cellar"): 5.0,
    }


def test_what_a_consumer_does_not_count_is_not_shown():
    collector = FiguresCollector(lambda: START)
    collector.publish(ConsumerFigures(ConsumerTotals(dead=1)))
    assert {one.name for one in collector.collect() if one.samples} == {"edge_consumer_dead"}


def test_the_lag_grows_with_the_clock():
    collector = FiguresCollector(lambda: START + 90)
    collector.publish(ConsumerFigures(nodes={"cellar": ArrivedEvents(1, START)}))
    (sample,) = next(one for one in collector.collect() if one.name.endswith("lag_seconds")).samples
    assert sample.value == 90


def test_events_are_counted_by_node_with_their_newest_time(figures, event):
    newest, older = "2027-01-15T08:00:00Z", "2027-01-15T07:00:00Z"
    found = figures(
        [checked(event(2, time=newest)), checked(event(1, time=older))],
        [checked(event(3, node="cellar", time=older))],
    )
    assert found.nodes == {
        "greenhouse": ArrivedEvents(2, START),
        "cellar": ArrivedEvents(1, START - 3600),
    }
    assert found.totals == ConsumerTotals(dead=1, duplicates=2, explained=4, unexplained=3)


def test_a_time_in_the_future_does_not_hide_the_lag(figures, event):
    ahead = event(1, time="2090-01-01T00:00:00Z")
    found = figures([checked(ahead), checked(event(2, time="2027-01-15T08:00:00Z"))])
    assert found.nodes == {"greenhouse": ArrivedEvents(2, START)}


def test_the_nodes_are_bounded(figures, event):
    found = figures([checked(event(n, node=f"n{n}")) for n in range(1, NODES + 4)])
    assert len(found.nodes) == NODES + 1
    assert found.nodes[OTHERS].events == 3


def test_a_port_that_is_taken_is_named_with_a_remedy():
    port = free_port()
    what = f"--metrics 127.0.0.1:{port}: Address already in use"
    with (
        serving(local(port)),
        pytest.raises(AgentError, match=what) as caught,
        serving(local(port)),
    ):
        pass
    assert caught.value.remedy == "choose another port, or end the program that has it"


def test_an_address_of_another_machine_is_named_with_a_remedy():
    elsewhere = ListenAddress("192.0.2.1", free_port())
    with pytest.raises(AgentError, match="Cannot assign") as caught, serving(elsewhere):
        pass
    assert "an address of this machine" in caught.value.remedy


def test_a_port_without_permission_is_named_with_a_remedy(monkeypatch):
    def refused(*_arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("consumers.metrics.server.MetricsListener", refused)
    with pytest.raises(AgentError, match="Permission denied") as caught, serving(local(80)):
        pass
    assert caught.value.remedy == "choose a port from 1024 on"


def test_without_the_package_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "consumers.metrics.server", None)
    words = ["mqtt://127.0.0.1:1", "--metrics", "127.0.0.1:9274"]
    error = CliRunner().invoke(audit, words).exception
    assert error.remedy == "pip install 'edge-agent[metrics]'"


@pytest.mark.parametrize("address", ["9274", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000"])
def test_a_wrong_address_is_an_error_of_the_command_line(address):
    result = CliRunner().invoke(audit, ["mqtt://127.0.0.1:1", "--metrics", address])
    assert result.exit_code == 2
    assert "127.0.0.1:9274" in result.output
