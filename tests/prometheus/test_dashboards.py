"""The dashboards: Grafana itself is not here, but every query that it would ask is asked.

A real agent with a device that fails, a real broker, two aggregators, on a real PostgreSQL and on
a DuckDB file, and a real Prometheus; the variables are replaced as Grafana does it.
"""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml
from lab.agent import AgentProcess
from lab.broker import Mosquitto, free_port
from lab.waiting import eventually

import consumers
from edge_agent.errors import AgentError
from tests.configurations import SOIL, shed
from tests.consumers.aggregate.postgresql import PostgresqlServer
from tests.prometheus.conftest import Prometheus

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
BOARDS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((EXAMPLES / "grafana/dashboards").glob("*.json"))
}
UNPLUGGED = '[[fault]]\nkind = "unplug"\ndevice = "soil"\nat = "0s"\n'
TIME_FILTER = r"\1 BETWEEN now() - INTERVAL '1 hour' AND now() + INTERVAL '1 hour'"


def targets():
    """Yield every query of every panel, with the name of its test."""
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield pytest.param(panel, target, id=f"{name}: {panel['title']} {target['refId']}")


def variables():
    """Yield every variable that a query fills."""
    for name, board in BOARDS.items():
        for one in board["templating"]["list"]:
            if one["type"] == "query":
                yield pytest.param(one, id=f"{name}: {one['name']}")


class Installation:
    """Everything that runs, and the values that somebody would choose in Grafana."""

    def __init__(self, directory, port):
        self.broker = Mosquitto(directory, "").start()
        self.server = PostgresqlServer().start()
        self.store = self.server.url()
        text = shed(self.broker.url) + SOIL + f'\n[metrics]\nlisten = "127.0.0.1:{port}"\n'
        (directory / "load.scenario.toml").write_text(UNPLUGGED)
        shown = f"127.0.0.1:{free_port()}"
        self.prometheus = Prometheus(
            directory,
            EXAMPLES / "prometheus/edge-agent.rules.yml",
            {"edge-agent": f"127.0.0.1:{port}", "edge-consumer": shown},
        )
        self.file = directory / "file/fleet.duckdb"
        self.aggregators = [
            self.aggregate(directory / "server", "--store", self.store, "--metrics", shown),
            self.aggregate(directory / "file", "--store", str(self.file)),
        ]
        self.agent = AgentProcess(directory, "", text).start()
        self.chosen = {"node": "shed", "instance": f"127.0.0.1:{port}", "channel": "temperature"}

    def aggregate(self, state, *words):
        """Start an aggregator, with a directory of its own."""
        state.mkdir()
        return subprocess.Popen(
            [sys.executable, "-m", "consumers", "aggregate", self.broker.url, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"XDG_STATE_HOME": str(state)},
        )

    def stop(self):
        self.agent.stop()
        for aggregator in self.aggregators:
            aggregator.terminate()
            aggregator.wait(60)
        self.prometheus.stop()
        self.server.stop()
        self.broker.stop()

    def filled(self, query):
        """Return a query as Grafana would send it."""
        query = re.sub(r"\$__timeFilter\((\w+)\)", TIME_FILTER, query)
        query = query.replace("$__rate_interval", "1m")
        for name, value in self.chosen.items():
            query = re.sub(rf"\${name}\b", value, query)
        assert "$" not in query
        return query

    def rows(self, query):
        with psycopg.connect(self.store) as connection:
            found = connection.execute(self.filled(query))
            return [column.name for column in found.description], found.fetchall()

    def rows_in_file(self, query):
        """Return the rows of the store that is a file, while the aggregator writes it."""
        store = consumers.open(str(self.file))
        try:
            return store.sql(self.filled(query)).fetchall()
        finally:
            store.close()

    def numbers(self, query):
        found = self.prometheus.values(self.filled(query)).values()
        return [value for value in found if not math.isnan(value)]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    one = Installation(tmp_path_factory.mktemp("dashboards"), free_port())
    yield one
    one.stop()


@pytest.mark.parametrize(("panel", "target"), list(targets()))
def test_every_query_of_a_dashboard_returns_data(installation, panel, target):
    if "expr" in target:
        assert eventually(lambda: installation.numbers(target["expr"]))
        return
    columns, rows = eventually(lambda: found(installation, target["rawSql"]))
    if target["format"] == "time_series":
        assert columns[0] == "time"
        assert all(isinstance(row[-1], float) for row in rows)


@pytest.mark.parametrize(
    ("panel", "target"), [one for one in targets() if "rawSql" in one.values[1]]
)
def test_every_question_to_the_store_has_an_answer_in_a_file_as_well(installation, panel, target):
    """Grafana reads a file of DuckDB only with a plug-in, but the SQL is that of both stores."""
    assert eventually(lambda: found_in_file(installation, target["rawSql"]))


def found_in_file(installation, query):
    """Return the rows; nothing as long as there is no file, or none of its tables."""
    try:
        return installation.rows_in_file(query)
    except AgentError as error:
        if not any(text in str(error) for text in ("there is no store yet", "does not exist")):
            raise
        return []


def found(installation, query):
    """Return the columns and the rows; None as long as there are no rows, or no tables yet."""
    try:
        columns, rows = installation.rows(query)
    except psycopg.errors.UndefinedTable:
        return None
    return (columns, rows) if rows else None


@pytest.mark.parametrize("variable", list(variables()))
def test_a_variable_offers_what_there_is(installation, variable):
    chosen = installation.chosen[variable["name"]]
    if variable["datasource"]["type"] != "prometheus":
        _, rows = eventually(lambda: found(installation, variable["query"]))
        assert (chosen,) in rows
        return
    query = variable["query"]["query"]
    series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", query).groups()
    seen = eventually(lambda: installation.prometheus.values(installation.filled(series)))
    assert {dict(labels)[label] for labels in seen} == {chosen}


def test_the_source_of_each_panel_and_variable_is_chosen_on_the_dashboard():
    for board in BOARDS.values():
        known = {one["name"]: one for one in board["templating"]["list"]}
        parts = [panel for panel in board["panels"] if panel["type"] != "row"]
        for part in [*parts, *(one for one in known.values() if one["type"] == "query")]:
            source = part["datasource"]
            assert known[source["uid"].strip("${}")]["query"] == source["type"]


def test_panels_have_names_of_their_own_and_do_not_overlap():
    for board in BOARDS.values():
        titles = [panel["title"] for panel in board["panels"]]
        assert len(set(titles)) == len(titles)
        cells = [cell for panel in board["panels"] for cell in area(panel["gridPos"])]
        assert len(set(cells)) == len(cells)
        assert {column for column, _ in cells} == set(range(24))


def area(place):
    columns = range(place["x"], place["x"] + place["w"])
    return [(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])]


def test_provisioning_names_the_sources_that_the_dashboards_use():
    directory = EXAMPLES / "grafana/provisioning"
    sources = yaml.safe_load((directory / "datasources/edge-agent.yml").read_text())["datasources"]
    used = {
        one["query"]
        for board in BOARDS.values()
        for one in board["templating"]["list"]
        if one["type"] == "datasource"
    }
    assert {source["type"] for source in sources} == used
    (provider,) = yaml.safe_load((directory / "dashboards/edge-agent.yml").read_text())["providers"]
    assert provider["type"] == "file"
