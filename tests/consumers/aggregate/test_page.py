"""The page over a fleet: what it finds in a store of either kind."""

import json
import urllib.error
import urllib.request
from contextlib import closing

import msgspec
import pytest
from lab.broker import free_port
from lab.waiting import eventually

import consumers
from consumers.aggregate.page.history import FleetHistory
from consumers.aggregate.page.nodes import SILENT, NodesView
from consumers.aggregate.page.option import FleetPage, page_served_at
from consumers.aggregate.stores.postgresql_store import PostgresqlStore
from edge_agent.config.listen import ListenAddress
from edge_agent.errors import AgentError
from edge_agent.observe.web.route import Query
from edge_agent.samples import TimeSpan
from tests.consumers.aggregate.conftest import START, Stored, made, old

BEGIN = round(START.timestamp() * 1e6)
CHANNEL = "greenhouse/air.t"


def span(since, until):
    """A span in seconds after START."""
    return TimeSpan(BEGIN + round(since * 1e6), BEGIN + round(until * 1e6))


@pytest.fixture(params=["file", "server"])
def fleet(request, tmp_path, new_file_store):
    """A store in use, and how the page opens it."""
    if request.param == "server":
        where = request.getfixturevalue("postgresql").url()
        stored = Stored(PostgresqlStore(where))
    else:
        where, stored = str(tmp_path / "0.duckdb"), Stored(new_file_store())
    stored.opened = lambda: consumers.open(where)
    yield stored
    stored.store.close()


def read(event, offset, seconds, value, **changes):
    """A reading of air.t."""
    return made(event, offset, seconds, data={"values": {"t": value}, "quality": "good"}, **changes)


def nodes(fleet, now):
    (route,) = NodesView(fleet.opened, lambda: START.timestamp() + now).routes()
    return {
        one["name"]: one for one in json.loads(msgspec.json.encode(route.answer(Query()).value))
    }


def test_nodes_are_listed_with_the_age_of_what_was_heard_last(fleet, event):
    fleet.commit(read(event, 1, 0, 20.0), read(event, 2, 100, 21.0))
    fleet.commit(read(event, 1, 50, 20.0, id="other:1", source="urn:edge:shed"))
    found = nodes(fleet, 100 + SILENT)
    assert {name: one["age"] for name, one in found.items()} == {
        "greenhouse": SILENT,
        "shed": SILENT + 50,
    }
    assert {name: one["silent"] for name, one in found.items()} == {
        "greenhouse": False,
        "shed": True,
    }
    assert found["shed"]["channels"] == 1


def alert(event, offset, seconds, state):
    return made(
        event,
        offset,
        seconds,
        type="edge.alert.v1",
        subject="warm",
        data={"state": state, "severity": "critical", "values": {}, "message": "it is warm"},
    )


def test_a_node_has_the_alerts_that_have_not_ended(fleet, event):
    fleet.commit(alert(event, 1, 0, "firing"))
    expected = [{"rule": "warm", "state": "firing", "severity": "critical"}]
    assert nodes(fleet, 1)["greenhouse"]["alerts"] == expected
    fleet.commit(alert(event, 2, 1, "resolved"))
    assert nodes(fleet, 1)["greenhouse"]["alerts"] == []


def test_every_channel_of_every_node_is_listed(fleet, event):
    fleet.commit(read(event, 1, 0, 20.0))
    fleet.commit(read(event, 1, 0, 20.0, id="other:1", source="urn:edge:shed"))
    names = [one.name for one in FleetHistory(fleet.opened).channels()]
    assert names == ["greenhouse/air.t", "shed/air.t"]


def test_a_spike_of_one_reading_is_seen_in_a_week(fleet, event):
    values = [80.0 if n == 700 else 20.0 for n in range(1500)]
    fleet.commit(*(read(event, n, n * 5, value) for n, value in enumerate(values, 1)))
    points = FleetHistory(fleet.opened).points(CHANNEL, span(-604_800, 10_000), 1000)
    assert points.step >= 60_000_000
    assert max(one for one in points.highs if one is not None) == 80.0
    assert min(one for one in points.lows if one is not None) == 20.0


def test_a_short_span_shows_the_readings_themselves(fleet, event):
    fleet.commit(*(read(event, n, n, float(n)) for n in range(1, 9)))
    points = FleetHistory(fleet.opened).points(CHANNEL, span(0, 10), 1000)
    assert list(points.highs) == [float(n) for n in range(1, 9)]
    assert list(points.times) == [BEGIN + n * 1_000_000 for n in range(1, 9)]


def test_a_silence_that_is_longer_than_usual_is_a_gap(fleet, event):
    seconds = [*range(10), *range(60, 70)]
    fleet.commit(*(read(event, n, s, 20.0) for n, s in enumerate(seconds, 1)))
    points = FleetHistory(fleet.opened).points(CHANNEL, span(0, 100), 1000)
    assert list(points.highs).count(None) == 1
    assert list(points.highs).index(None) == 10


def test_a_reading_without_a_value_is_a_gap(fleet, event):
    bad = made(event, 3, 1.5, data={"values": {}, "quality": "timeout"})
    fleet.commit(read(event, 1, 0, 20.0), read(event, 2, 1, 20.0), bad, read(event, 4, 2, 20.0))
    points = FleetHistory(fleet.opened).points(CHANNEL, span(0, 10), 1000)
    assert list(points.highs) == [20.0, 20.0, None, 20.0]


@pytest.mark.parametrize(
    "channel", ["", "air.t", "no/such.channel", "x'; DROP TABLE events --/a.b"]
)
def test_a_channel_that_there_is_not_has_no_points(fleet, event, channel):
    fleet.commit(read(event, 1, 0, 20.0))
    history = FleetHistory(fleet.opened)
    assert list(history.points(channel, span(0, 10), 100).times) == []
    assert [one for part in history.samples(channel, span(0, 10)) for one in part.times] == []


def test_all_readings_of_a_span_are_exported(fleet, event):
    fleet.commit(*(read(event, n, n, float(n)) for n in range(1, 9)))
    (part,) = FleetHistory(fleet.opened).samples(CHANNEL, span(2, 5))
    assert (list(part.values), part.times[0]) == ([2.0, 3.0, 4.0], BEGIN + 2_000_000)


def test_alerts_of_all_nodes_are_marks_on_the_axis(fleet, event):
    fleet.commit(alert(event, 1, 0, "firing"), alert(event, 2, 5, "resolved"))
    found = FleetHistory(fleet.opened).marks(span(0, 10))
    assert [(one.name, one.state) for one in found.marks] == [
        ("greenhouse/warm", "firing"),
        ("greenhouse/warm", "resolved"),
    ]
    assert (found.marks[0].text, found.complete) == ("it is warm", True)
    assert FleetHistory(fleet.opened).marks(span(6, 10)).marks == []


def test_an_alert_that_was_open_before_the_span_is_its_first_mark(fleet, event):
    fleet.commit(alert(event, 1, 0, "firing"), alert(event, 2, 5, "resolved"))
    found = FleetHistory(fleet.opened).marks(span(3, 10))
    assert [one.state for one in found.marks] == ["firing", "resolved"]


@pytest.mark.parametrize("since", [-(10**12), -(10**9)])
def test_any_span_can_be_asked_for(fleet, event, since):
    fleet.commit(read(event, 1, 0, 20.0))
    points = FleetHistory(fleet.opened).points(CHANNEL, TimeSpan(0, span(0, -since).until), 1000)
    assert 20.0 in points.highs


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
        return json.load(answer)


def test_the_command_serves_the_page_beside_its_work(aggregate, publisher, event):
    port = free_port()
    aggregate("--web", f"127.0.0.1:{port}")

    def heard():
        publisher.publish([old(event, 1)])
        return [one["name"] for one in fetch(port, "api/nodes")] == ["greenhouse"]

    eventually(lambda: status(port, "api/nodes") == 200)
    eventually(heard)
    assert fetch(port, "api/session")["views"] == {"nodes": "Nodes", "history": "History"}
    assert [one["name"] for one in fetch(port, "api/channels")] == [CHANNEL]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(port, "api/config")


@pytest.mark.parametrize(
    ("host", "content", "words"),
    [
        ("0.0.0.0", None, "other machines reach this address"),
        ("127.0.0.1", "short", "the password has 5 characters"),
    ],
)
def test_a_page_that_anybody_could_open_is_refused(tmp_path, host, content, words):
    file = ""
    if content is not None:
        file = str(tmp_path / "password")
        (tmp_path / "password").write_text(content)
        (tmp_path / "password").chmod(0o600)
    page = FleetPage(ListenAddress(host, 1), file)
    with pytest.raises(AgentError, match=words):
        page_served_at(page, consumers.open)


def test_a_page_with_a_password_answers_nobody_without_it(tmp_path):
    password, port = tmp_path / "password", free_port()
    password.write_text("a long password\n")
    password.chmod(0o600)
    page = FleetPage(ListenAddress("127.0.0.1", port), str(password))
    with page_served_at(page, consumers.open):
        eventually(lambda: status(port, "api/nodes") == 401)


def status(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with closing(error):
            return error.code
    except OSError:
        return None
