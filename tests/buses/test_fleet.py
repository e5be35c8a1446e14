"""The example of a fleet, with all its parts: its windows are those of one machine."""

import json

import duckdb
import pytest

from tests.buses.fleet import Fleet, Upserts

FIGURES = ("count", "min", "mean", "max", "last")
WINDOWS = f"""
SELECT node, device, channel, epoch(start)::BIGINT, 60, {", ".join(FIGURES)}
FROM windows WHERE length = '1m'
"""
SMALL = ("--nodes=40", "--span=1800", "--rate=500")


@pytest.fixture
def fleet(tmp_path, kafka):
    one = Fleet(tmp_path, kafka).start()
    yield one
    one.stop()


def stored(store):
    """Return the windows of a minute that the aggregator has, as the engine writes them."""
    with duckdb.connect(str(store), read_only=True) as connection:
        rows = connection.execute(WINDOWS).fetchall()
    names = ("node", "device", "channel", "start", "seconds", *FIGURES)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return {key_of(one): one for one in found}


def key_of(window):
    return "/".join(str(window[name]) for name in ("node", "device", "channel", "start"))


def windows(upserts):
    """Return what the engine has written, by key, without what it is written with."""
    rows = upserts.rows.values()
    return {row["key"]: {n: row[n] for n in row if n not in {"key", "topic"}} for row in rows}


def test_the_windows_of_the_engine_are_those_of_one_machine_to_the_last_digit(
    fleet, kafka, tmp_path, wait_for
):
    upserts = Upserts(kafka, "edge-windows")
    nodes = fleet.simulate(*SMALL)
    wait_for(lambda: upserts.read() > 200)
    fleet.workers[0].kill()  # the other one takes its partitions over
    fleet.bridges[0].kill()
    fleet.bridges[0].start()
    truth = json.loads(nodes.wait())
    fleet.aggregator(tmp_path / "store.duckdb").wait()
    expected = stored(tmp_path / "store.duckdb")
    assert {one["node"] for one in expected.values()} == truth["nodes"].keys()
    wait_for(lambda: upserts.read() and windows(upserts) == expected)
    upserts.close()
