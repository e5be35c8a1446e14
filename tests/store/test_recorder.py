import resource
import signal

import pytest

from edge_agent.events import CursorMove
from edge_agent.figures import Committed, NotCommitted
from edge_agent.store.check import Sound
from edge_agent.store.cursor_moves import ALONE, ALONG, MANY, QUICKLY
from edge_agent.store.group import GROUP, Group
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import HELD, RETRY
from edge_agent.store.tick import GATHER, LONGEST, Tick


def offsets(path):
    return [event.offset for event in LogReader(path).read_after(0, 10**6)]


def test_one_tick_of_all_sensors_is_one_commit(recording, event):
    recording = recording()
    recording.put(event(1), event(2))
    recording.put(event(3))
    assert recording.announced == []
    recording.after(GATHER)
    assert recording.announced == [3]


def test_readings_commit_at_most_once_per_interval(recording, event):
    recording = recording(interval=1.0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(event())
    recording.after(0.9)
    assert recording.announced == [1]
    recording.after(0.1)
    assert recording.announced == [1, 2]


def test_the_slower_sensors_of_a_tick_do_not_wait_for_the_next_one(recording, event):
    recording = recording(interval=1.0)
    for _ in range(4):
        recording.put(event())  # of a fast chip
        recording.after(2 * GATHER)
        recording.after(0.04 - 2 * GATHER)
        recording.put(event())  # of a slow one
        recording.after(2 * GATHER)
        recording.after(1.0 - 0.04 - 2 * GATHER)
    assert recording.announced[-2:] == [6, 8]


def test_a_slow_sensor_that_is_gone_is_not_waited_for_long():
    tick = Tick(1.0)
    tick.noted(0.0)
    tick.noted(0.04)
    assert tick.gather > 0.04
    for n in range(1, 40):
        tick.noted(float(n))
    assert tick.gather == GATHER


def test_what_comes_all_the_time_is_one_tick_after_the_other():
    tick = Tick(1.0)
    for n in range(1000):
        tick.noted(n / 1000)
    assert tick.gather < 2 * LONGEST


@pytest.mark.parametrize(("interval", "longest"), [(0.0, GATHER), (0.05, 0.025), (1.0, 0.2)])
def test_to_wait_for_a_slow_sensor_takes_no_more_than_half_of_the_interval(interval, longest):
    tick = Tick(interval)
    tick.noted(0.0)
    tick.noted(LONGEST)
    assert tick.gather <= longest


def test_a_tick_as_long_as_the_interval_does_not_wait_for_it(recording, event):
    recording = recording(interval=1.0)
    for tick in range(1, 5):
        recording.put(event())
        recording.after(2 * GATHER)  # the disk takes its time
        assert recording.announced[-1] == tick
        recording.put(CursorMove("mqtt", tick, {}))
        recording.after(1.0 - 2 * GATHER)
    assert recording.announced == [1, 2, 3, 4]
    assert [one.offset for one in recording.figures if isinstance(one, Committed)][-4:] == [
        *range(1, 5)
    ]


def test_an_alert_never_waits_and_takes_everything_before_it_along(recording, event):
    recording = recording(interval=60.0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(event())
    recording.put([event(), event(kind="alert", urgent=True)])
    assert recording.announced == [1, 4]


def test_offsets_are_announced_only_after_the_disk_has_them(recording, path, event):
    recording = recording(interval=0)
    recording.recorder._announce = lambda offset: recording.announced.append(
        (offset, offsets(path))
    )
    recording.put(event(), event())
    recording.after(GATHER)
    assert recording.announced == [(2, [1, 2])]


def test_cursor_moves_alone_wait_and_then_ride(recording, path, event):
    recording = recording(interval=0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {}))
    recording.after(ALONE - 0.1)
    assert LogReader(path).cursor("mqtt") == 0
    recording.after(0.1)
    assert LogReader(path).cursor("mqtt") == 1
    assert recording.announced == [1]


def test_a_small_commit_leaves_cursor_moves_to_a_later_one(recording, path, event):
    recording = recording(interval=1.0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {}), event())
    recording.after(1.0)
    assert offsets(path) == [1, 2]
    assert LogReader(path).cursor("mqtt") == 0
    recording.after(ALONG - 1.0)
    recording.put(event())
    recording.after(GATHER)
    assert offsets(path) == [1, 2, 3]
    assert LogReader(path).cursor("mqtt") == 1


def test_a_large_commit_takes_cursor_moves_along(recording, path, event):
    recording = recording(interval=0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {}), *(event() for _ in range(MANY)))
    recording.after(GATHER)
    assert LogReader(path).cursor("mqtt") == 1


def test_a_cursor_that_has_passed_many_events_does_not_wait(recording, path, event):
    recording = recording(interval=0)
    recording.put(*(event() for _ in range(2 * MANY)))
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {}), CursorMove("mqtt", MANY, {}), event())
    recording.after(GATHER)
    assert LogReader(path).cursor("mqtt") == 0
    recording.put(CursorMove("mqtt", MANY + 1, {}), event())
    recording.after(GATHER)
    assert LogReader(path).cursor("mqtt") == MANY + 1


def test_a_cursor_that_has_passed_many_events_commits_alone_before_long(recording, path, event):
    recording = recording(interval=0)
    recording.put(*(event() for _ in range(2 * MANY)))
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {}), CursorMove("mqtt", MANY + 1, {}))
    recording.after(QUICKLY)
    assert LogReader(path).cursor("mqtt") == MANY + 1


def test_a_refusal_does_not_wait(recording, path, event):
    recording = recording(interval=0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {1: "quota"}), event())
    recording.after(GATHER)
    assert LogReader(path).cursor("mqtt") == 1


def test_a_commit_of_cursor_moves_alone_delays_no_event(recording, path, event):
    recording = recording(interval=1.0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {}))
    recording.after(ALONE)
    assert LogReader(path).cursor("mqtt") == 1
    recording.put(event())
    recording.after(GATHER)
    assert offsets(path) == [1, 2]


def test_cursor_moves_outlive_a_commit_that_fails(recording, path, event, full_disk):
    recording = recording(interval=0)
    recording.put(event())
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {}), event())
    fill, free = full_disk
    fill()
    recording.after(GATHER)
    free()
    recording.after(RETRY)
    recording.stop()
    assert LogReader(path).cursor("mqtt") == 1


def test_stopping_commits_everything_that_was_handed_over(recording, path, event):
    recording = recording(interval=3600)
    recording.inbox.put(event())
    recording.inbox.put([event(), event()])
    recording.inbox.put(CursorMove("mqtt", 2, {}))
    recording.stop()
    assert offsets(path) == [1, 2, 3]
    assert LogReader(path).cursor("mqtt") == 2


def test_what_a_sink_refuses_is_reported_in_a_gap_event_and_counted(recording, path, event):
    recording = recording(interval=0)
    recording.put(*(event() for _ in range(4)))
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 4, {2: "not authorised", 3: "not authorised"}))
    recording.after(ALONE)
    (reported,) = LogReader(path).read_after(4, 10)
    assert reported.kind == "gap"
    assert reported.data == (
        '{"reason":"rejected by mqtt: not authorised","count":2,"ranges":[[2,3]]}'
    )
    assert LogReader(path).accounts()["mqtt"].refused == {"not authorised": 2}


def test_a_refused_gap_event_is_counted_but_makes_no_further_gap(recording, path, event):
    recording = recording(interval=0)
    recording.put(event(kind="gap"))
    recording.after(GATHER)
    recording.put(CursorMove("mqtt", 1, {1: "quota"}))
    recording.after(ALONE)
    assert offsets(path) == [1]
    assert LogReader(path).accounts()["mqtt"].refused == {"quota": 1}


def test_events_measured_before_the_clock_was_set_get_their_true_time(
    recording, path, clock, event
):
    clock.trusted = False
    recording = recording(interval=0)
    recording.put(event())
    recording.after(GATHER)
    late = event()
    clock.step(1_000_000)
    clock.trusted = True
    truth = clock.now().time
    recording.put(late)
    recording.after(GATHER)
    first, second, note = LogReader(path).read_after(0, 10)
    assert [truth - first.time, truth - second.time] == [round(GATHER * 1e6), 0]
    assert (first.boot, second.boot) == (None, None)
    assert note.data == '{"what":"clock_set","repaired":1}'


@pytest.fixture
def full_disk():
    """No file may grow: writes fail as on a full disk, with a real error from the kernel."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))

    def free():
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    yield fill, free
    free()
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_loses_nothing_that_memory_can_hold(recording, path, event, full_disk):
    fill, free = full_disk
    recording = recording(interval=0)
    recording.put(event(0))
    recording.after(GATHER)
    fill()
    for n in range(1, 4):
        recording.put(event(n))
        recording.after(RETRY)
    assert recording.announced == [1]
    free()
    recording.after(RETRY)
    rows = LogReader(path).read_after(0, 10)
    assert [row.data for row in rows[:4]] == [f'{{"n":{n}}}' for n in range(4)]
    assert '"what":"log_recovered"' in rows[4].data


def test_beyond_what_memory_holds_the_loss_is_counted_and_reported(
    recording, path, event, full_disk
):
    fill, free = full_disk
    recording = recording(interval=0)
    fill()
    recording.put([event(n) for n in range(HELD + 7)])
    recording.after(GATHER)
    free()
    recording.after(RETRY)
    account = LogReader(path).accounts()["mqtt"]
    assert account.dropped == {"disk_full": 7}
    gap = LogReader(path).read_after(LogReader(path).last_offset() - 1, 1)[0]
    assert gap.data == '{"reason":"disk_full","count":7,"ranges":[]}'


def test_a_full_memory_gives_up_the_oldest_readings_and_keeps_alerts(event):
    group = Group()
    group.add([event(1, "alert", urgent=True), *(event(n) for n in range(2, 6))], 0)
    assert group.hold(3) == {"reading": 2}
    assert [e.data["n"] for e in group.events] == [1, 4, 5]


def test_a_large_load_commits_in_groups(event):
    group = Group()
    group.add([event()] * GROUP, 5.0)
    assert group.due(5.0, Tick(60)) == 5.0


def test_a_cursor_that_moves_while_the_agent_stops_is_committed(recording, path, event):
    one = recording()
    one.put(event())
    one.inbox.put(None)
    one.recorder.run()
    one.inbox.put(CursorMove("mqtt", 1, {}))
    one.recorder.close()
    assert LogReader(path).cursor("mqtt") == 1


def test_an_error_while_news_is_heeded_costs_no_event_that_came_with_it(
    recording, path, event, monkeypatch
):
    def note(**_):
        raise OSError

    one = recording()
    log = one.recorder._log
    for item in (event(), Sound(log.inode), event()):
        one.inbox.put(item)
    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(log.mark, "note", note)
        one.recorder.step(0.0)
    assert one.recorder.close()
    assert offsets(path) == [1, 2]


def test_each_commit_is_reported_with_the_time_of_the_disk(recording, event):
    one = recording()
    one.figures.clear()
    one.put(event())
    one.after(GATHER)
    (committed,) = one.figures
    assert isinstance(committed, Committed)
    assert committed.seconds > 0


def test_a_commit_that_the_disk_does_not_take_is_reported(recording, event, full_disk):
    fill, free = full_disk
    one = recording()
    one.figures.clear()
    fill()
    one.put(event())
    one.after(GATHER)
    free()
    assert one.figures == [NotCommitted()]
