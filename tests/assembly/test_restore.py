"""A start reads as many events as it needs, not as many as the log has."""

from edge_agent.assembly import restore as history
from edge_agent.assembly.restore import read_history
from edge_agent.clock import ManualClock
from edge_agent.events import Event, Reading
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

LONG_AGO = 3000  # readings of a boot before, ten chunks of the test


def test_a_start_with_an_unset_clock_does_not_read_the_whole_log(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "CHUNK", 300)
    path, before, now = tmp_path / "log.db", ManualClock(boot="before"), ManualClock(boot="now")
    now.trusted = False
    log = EventLog.open(path, boot="now")
    with log.transaction():
        log.append(
            [Reading("air", before.now(), {"temperature": 20.0}).event() for _ in range(LONG_AGO)]
        )
        log.append([Reading("air", now.now(), {"temperature": 21.0}).event()])
    log.close()
    reader = Counted(path)
    found = read_history(reader, "now", now.now(), 60)
    reader.close()
    assert [reading.values for _, reading in found.readings] == [{"temperature": 21.0}]
    assert reader.read <= 600


def test_a_thinned_aggregate_does_not_hide_the_readings_of_the_window_under_way(tmp_path):
    path, clock = tmp_path / "log.db", ManualClock()
    data = {"seconds": 60, "values": {}}
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.append([Event("aggregate", "air", clock.now(), data)])
        log.append([Reading("air", clock.now(), {"temperature": 21.0}).event()])
        log.append([Event("aggregate", "air", clock.now(), data | {"thinned": True})])
    log.close()
    reader = LogReader(path)
    found = read_history(reader, clock.boot, clock.now(), 60)
    reader.close()
    assert found.aggregates == {("air", 60): 1}


class Counted(LogReader):
    """A reader that counts the events that were asked of it."""

    read = 0

    def read_before(self, offset, limit):
        events = super().read_before(offset, limit)
        self.read += len(events)
        return events
