"""An agent's clock is set after it has measured, as on a Pi without a clock of its own."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from edge_agent.clock import ManualClock
from edge_agent.events import Reading
from edge_agent.store.event_log import EventLog
from edge_agent.store.time_repair import TimeRepair

READINGS = "SELECT time, value FROM readings"
WINDOWS = "SELECT length, count, mean FROM windows ORDER BY length"


@pytest.fixture(params=["new_file_store", "new_server_store"])
def new_store(request):
    """A function: an empty store of either kind, not yet open."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def deliver(stored, tmp_path):
    """A function: deliver the whole log of the agent, as to a consumer without a place."""

    def deliver():
        plan = SourcePlan(url=f"log:{tmp_path / 'cellar.db'}", start="beginning")
        with closing(source_of(plan)) as source:
            source.open()
            stored.commit(*source.receive(0.01))
        stored.reopen()

    return deliver


def test_a_reading_is_stored_once_at_its_true_time_when_the_agent_has_repaired_it(
    stored, deliver, tmp_path
):
    clock = ManualClock()
    clock.trusted = False
    log = EventLog.open(tmp_path / "cellar.db", boot=clock.boot)
    with log.transaction():
        log.append([Reading("air", clock.now(), {"t": 21.5}).event()], boot=clock.boot)
    deliver()
    assert stored.rows(READINGS) == []
    clock.advance(60)
    clock.step(1_000_000)
    clock.trusted = True
    with log.transaction():
        TimeRepair().step(log, clock.now())
    log.close()
    deliver()
    deliver()
    measured = datetime.fromtimestamp(clock.now().time / 1e6 - 60, UTC)
    assert stored.rows(READINGS) == [(measured, 21.5)]
    assert stored.rows(WINDOWS) == [(length, 1, 21.5) for length in ("15m", "1d", "1h", "1m")]
