"""The history of an agent, from an event log as the agent writes it."""

from contextlib import closing

import pytest

from edge_agent.assembly import log_columns, log_marks
from edge_agent.assembly.log_history import LogHistory
from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock, Moment
from edge_agent.errors import AgentError
from edge_agent.evaluate.refine.aggregates import Aggregator
from edge_agent.events import Alert, Event, Reading, Subscription, Switched, lifecycle
from edge_agent.observe.web.history.source import HistoryMark
from edge_agent.observe.web.route import BadRequest
from edge_agent.samples import TimeSpan
from edge_agent.store.channel_reader import ChannelReader
from edge_agent.store.event_log import EventLog
from edge_agent.store.retention import Retention
from edge_agent.store.slices import SLICE

SECOND = 1_000_000
T0 = 1_790_000_000 // 3600 * 3600 * SECOND  # a full hour
CONFIG = """
node = "greenhouse"
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
[[device]]
name = "quiet"
driver = "bh1750"
every = "1s"
[device.channel.illuminance]
dead_band = 1.0
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


@pytest.fixture
def log(path):
    with closing(EventLog.open(path, boot=ManualClock().boot)) as log:
        yield log


@pytest.fixture
def history(path, tmp_path):
    config = tmp_path / "agent.toml"
    config.write_text(CONFIG)
    blueprint = resolve(config)
    return LogHistory(path, lambda: blueprint)


def at(seconds):
    return Moment(T0 + round(seconds * SECOND), 0, trusted=True)


def span(begin, end):
    return TimeSpan(at(begin).time, at(end).time)


def reading(seconds, value=20.0, device="air", channel="temperature"):
    values = {} if value is None else {channel: value, "other": 1.0}
    return Reading(device, at(seconds), values, "good" if values else "no_acknowledge")


def record(log, *facts):
    with log.transaction():
        return log.append([fact if hasattr(fact, "kind") else fact.event() for fact in facts])


def drawn(history, *within, width=1000, channel="air.temperature"):
    points = history.points(channel, span(*within), width)
    return [low if low == high else (low, high) for low, high in zip(points.lows, points.highs)]  # noqa: B905


def test_readings_of_the_span_and_the_channel_are_drawn(log, history):
    others = reading(2, 99.0, device="water"), reading(2.5, 99.0, channel="humidity")
    record(log, reading(-1, 5.0), reading(1, 21.0), *others, reading(3, 23.0), reading(10, 5.0))
    assert drawn(history, 0, 10) == [21.0, None, 23.0]  # at 2.5 s there was no temperature


def test_a_failed_reading_is_a_gap(log, history):
    record(log, reading(0), reading(1, None), reading(2))
    assert drawn(history, 0, 10) == [20.0, None, 20.0]


def test_the_time_in_which_the_agent_was_off_is_a_gap(log, history):
    record(log, reading(0), reading(1), reading(15), reading(16))
    assert drawn(history, 0, 20) == [20.0, 20.0, None, 20.0, 20.0]


def test_what_a_dead_band_left_out_is_no_gap(log, history):
    record(log, *(quiet(seconds) for seconds in (0, 300, 700)))
    assert drawn(history, 0, 800, channel="quiet.illuminance") == [50.0, 50.0, None, 50.0]


def quiet(seconds):
    return reading(seconds, 50.0, device="quiet", channel="illuminance")


def test_a_start_of_the_agent_is_a_gap_also_beside_a_dead_band(log, history):
    record(log, quiet(0), lifecycle(at(30), "started"), quiet(31))
    assert drawn(history, 0, 800, channel="quiet.illuminance") == [50.0, None, 50.0]


def test_a_spike_is_found_wherever_it_lies_in_many_slices(log, history):
    count, spike = 4 * SLICE, 3 * SLICE - 1
    record(log, *(reading(n, 80.0 if n == spike else 20.0) for n in range(count)))
    assert drawn(history, 0, count, width=5).count((20.0, 80.0)) == 1
    assert drawn(history, spike, spike + 1) == [80.0]


def test_events_logged_late_are_found(log, history):
    late = reading(SLICE - 10, 7.0, device="late")
    record(log, *(reading(n) for n in range(SLICE + 1)), late)
    record(log, *(reading(n) for n in range(SLICE + 1, 2 * SLICE)))
    assert drawn(history, SLICE - 10, SLICE - 9, channel="late.temperature") == [7.0]


def test_readings_are_found_after_the_clock_was_set_back(log, history):
    record(log, *(reading(n) for n in range(100_000, 100_000 + SLICE)))
    record(log, *(reading(n, 30.0) for n in range(SLICE)), reading(200_000))
    assert drawn(history, 10, 12) == [30.0, 30.0]


def with_aggregates(seconds, count, value=lambda n: 20.0):
    aggregator = Aggregator("air", [seconds])
    for n in range(count):
        one = reading(n, value(n))
        yield from aggregator.add(one)
        yield one


def test_aggregates_stand_for_readings_in_columns_that_they_cover(log, history, monkeypatch):
    read = []
    record(log, *with_aggregates(60, 3 * SLICE, lambda n: float(n % 60)))
    monkeypatch.setattr(ChannelReader, "readings", counting(read, ChannelReader.readings))
    assert drawn(history, 0, 3 * SLICE, width=100) == [(0.0, 59.0)] * 63
    assert len(read) == 1  # the tail, for which there are no aggregates yet


def counting(calls, method):
    def counted(*arguments):
        calls.append(arguments)
        return method(*arguments)

    return counted


def test_aggregates_are_not_drawn_over_the_readings_of_a_close_view(log, history):
    record(log, *with_aggregates(60, 150, float))
    assert drawn(history, 60, 64) == [60.0, 61.0, 62.0, 63.0]


def test_aggregates_are_drawn_where_no_readings_are_left(log, history):
    record(log, *with_aggregates(60, 240, lambda n: float(n % 60)))
    with log.transaction():
        log.execute("DELETE FROM event WHERE kind = 'reading'")
    assert set(drawn(history, 60, 180, width=100)) == {(0.0, 59.0)}


def test_readings_that_a_full_log_has_thinned_keep_their_extremes(log, history):
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
    record(log, *(reading(n, 80.0 if n == 100 else 20.0) for n in range(7200)))
    now = ManualClock().now()
    while Retention(3600, 30_000).trim(log, now, now.time) and len_readings(log) > 6000:
        pass
    assert len_readings(log) <= 6000
    assert drawn(history, 0, 7200, width=10).count((20.0, 80.0)) == 1
    assert (20.0, 80.0) in drawn(history, 60, 180)


def summary(seconds, length, low, high, **notes):
    values = {"temperature": {"count": 9, "min": low, "mean": 20.0, "max": high, "last": 20.0}}
    data = {"seconds": length, "values": values, **notes}
    return Event("aggregate", "air", at(seconds), data)


def test_of_a_minute_that_is_thinned_in_part_both_parts_are_drawn(log, history):
    record(log, reading(50, 90.0), summary(0, 60, 10.0, 30.0, thinned=True))
    assert drawn(history, 0, 60_000) == [(10.0, 90.0)]
    assert set(drawn(history, 48, 52)) == {(10.0, 30.0), (10.0, 90.0)}


def test_an_aggregate_is_found_although_it_is_logged_when_its_window_is_over(log, history):
    others = [reading(n, device="other") for n in range(2 * SLICE)]
    record(log, *others[: SLICE + 200], summary(SLICE - 700, 900, 10.0, 30.0))
    assert set(drawn(history, SLICE - 800, SLICE - 200, width=100)) == set()
    assert set(drawn(history, SLICE - 1000, SLICE - 50, width=100)) == {(10.0, 30.0)}


def test_an_aggregate_longer_than_the_view_is_not_drawn(log, history):
    record(log, summary(0, 3600, 10.0, 30.0))
    assert drawn(history, 0, 600) == []


def len_readings(log):
    return log.execute("SELECT count(*) FROM event WHERE kind = 'reading'")[0][0]


def test_rows_that_do_not_decode_are_left_out(log, history, caplog):
    record(log, reading(1), reading(2), reading(3))
    with log.transaction():
        log.execute("UPDATE event SET data = '{\"values\": 7}' WHERE time = ?", (at(2).time,))
        log.execute("UPDATE event SET data = 'x' WHERE time = ?", (at(3).time,))
    assert drawn(history, 0, 10) == [20.0]
    assert "rows of the event log behind offset 0 cannot be read" in caplog.text


def test_every_reading_of_a_span_is_a_sample(log, history):
    record(log, *(reading(n, float(n)) for n in range(2 * SLICE)), reading(2 * SLICE, None))
    found = list(history.samples("air.temperature", span(1, 2 * SLICE + 1)))
    assert len(found) == 3
    values = [value for samples in found for value in samples.values]
    assert values == [*map(float, range(1, 2 * SLICE)), None]


def test_summaries_of_thinned_readings_that_begin_in_the_span_are_samples(log, history):
    thinned = [summary(seconds, 60, 10.0, 30.0, thinned=True) for seconds in (0, 60, 120)]
    record(log, reading(200), *thinned, summary(60, 900, 0.0, 99.0))
    first, second = history.samples("air.temperature", span(60, 300))
    assert (first.seconds, first.times) == (60, (at(60).time, at(120).time))
    assert (second.seconds, second.times) == (0, [at(200).time])


def test_nothing_is_open_between_two_samples(log, history, path):
    record(log, *(reading(n) for n in range(2 * SLICE)))
    samples = history.samples("air.temperature", span(0, 2 * SLICE))
    next(samples)
    assert log.execute("PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]  # no reader is in its way


def test_a_span_with_too_many_events_is_refused(log, history, monkeypatch):
    monkeypatch.setattr(log_columns, "MOST_EVENTS", SLICE)
    record(log, *(reading(n) for n in range(2 * SLICE)))
    with pytest.raises(BadRequest, match="choose a shorter one"):
        history.points("air.temperature", span(0, 2 * SLICE), 100)
    assert drawn(history, 10, 12) == [20.0, 20.0]


def test_a_name_without_a_device_is_refused(log, history):
    with pytest.raises(BadRequest, match=r"write it as device\.channel"):
        history.points("temperature", span(0, 1), 100)


def test_a_channel_that_does_not_exist_has_no_points(log, history):
    record(log, reading(1))
    assert drawn(history, 0, 10, channel="air.pressure") == []
    assert drawn(history, 0, 10, channel="soil.temperature") == []


def test_an_empty_log_has_channels_but_no_points(log, history):
    assert drawn(history, 0, 10) == []
    assert [one.name for one in history.channels()] == [
        "air.temperature", "air.humidity", "quiet.illuminance",
    ]  # fmt: skip


def test_channels_of_devices_that_were_removed_come_last(log, history):
    record(log, reading(1), reading(2, device="soil"))
    assert [one.name for one in history.channels()][3:] == ["soil.temperature", "soil.other"]


def test_a_configured_channel_has_unit_range_and_age(log, history):
    (found,) = (one for one in history.channels() if one.name == "air.temperature")
    assert (found.unit, found.quantity, found.max_age) == ("°C", "temperature", 13.0)
    assert (found.low, found.high, found.decimals) == (-40, 125, 3)


def alert(seconds, state, **more):
    return Alert("warm", state, at(seconds), "warning", {}, "it is warm", **more)


def test_alerts_and_changes_of_outputs_are_marks_in_order_of_time(log, history):
    facts = (
        alert(1, "firing"),
        Switched("fan", 1.0, "warm", at(2)),
        alert(3, "firing", repeat=1),
        Switched("fan", 0.0, "safe", at(4), "no answer"),
        alert(5, "resolved"),
        alert(20, "firing"),
    )
    record(log, *facts)
    assert history.marks(span(0, 10)).marks == [
        HistoryMark(at(1).time, "alert", "warm", "firing", "it is warm"),
        HistoryMark(at(2).time, "output", "fan", "on", "warm"),
        HistoryMark(at(4).time, "output", "fan", "failed", "no answer"),
        HistoryMark(at(5).time, "alert", "warm", "resolved", "it is warm"),
    ]


def test_an_alert_that_was_open_before_the_span_is_its_first_mark(log, history):
    record(log, alert(1, "firing"), alert(2, "firing", repeat=1), alert(5, "resolved"))
    assert [(one.time, one.state) for one in history.marks(span(3, 10)).marks] == [
        (at(2).time, "firing"),
        (at(5).time, "resolved"),
    ]
    assert history.marks(span(6, 10)).marks == []


def test_of_too_many_marks_the_latest_are_given(log, history, monkeypatch):
    monkeypatch.setattr(log_marks, "MOST", 10)
    record(log, *(Switched("fan", n % 2, "warm", at(n)) for n in range(15)))
    found = history.marks(span(0, 10_000))
    assert not found.complete
    assert [found.marks[0].time, found.marks[-1].time] == [at(5).time, at(14).time]
    assert history.marks(span(5, 10_000)).complete


def test_a_log_that_cannot_be_read_is_reported(log, history, path):
    record(log, reading(1))
    log.execute("DROP TABLE tally")
    with pytest.raises(AgentError, match="the event log cannot be read: no such table"):
        history.points("air.temperature", span(0, 10), 100)


def test_a_missing_log_is_reported(history):
    with pytest.raises(AgentError, match="there is no event log yet"):
        history.channels()
