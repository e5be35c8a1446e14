"""The dashboards fit the types of Grafana's own package, as TypeScript sees it."""

import json
from pathlib import Path

import pytest

from tests.buses.readers.grafana import complaints

BOARDS = Path(__file__).parent.parent.parent / "examples/grafana/dashboards"


def board(name):
    return json.loads((BOARDS / f"{name}.json").read_text())


@pytest.mark.parametrize("name", sorted(path.stem for path in BOARDS.glob("*.json")))
def test_a_dashboard_fits_the_types(name):
    assert complaints(board(name)) == []


def unknown_key(found):
    found["panels"][0]["titel"] = "Agents"


def wrong_value(found):
    next(one for one in found["panels"] if one["type"] == "timeseries")["options"]["legend"][
        "displayMode"
    ] = "lists"


def unknown_option(found):
    next(one for one in found["panels"] if one["type"] == "stat")["options"]["colour"] = "red"


def wrong_field(found):
    one = next(one for one in found["panels"] if one["type"] == "timeseries")
    one["fieldConfig"]["defaults"]["custom"]["spanNulls"] = "no"


@pytest.mark.parametrize("change", [unknown_key, wrong_value, unknown_option, wrong_field])
def test_a_dashboard_that_does_not_fit_is_found(change):
    found = board("edge-fleet")
    change(found)
    assert complaints(found) != []
