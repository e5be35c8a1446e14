"""The thread of a bus: its first setting hangs until the test has handed over the others."""

import threading
from queue import SimpleQueue

import pytest

from edge_agent.clock import ManualClock
from edge_agent.evaluate.outputs.output_bus import OutputBus, results
from edge_agent.evaluate.outputs.switching import Setting, SettingResult


class Hanging:
    """A driver that hangs until `free` is set."""

    def __init__(self):
        self.entered, self.free = threading.Event(), threading.Event()

    def apply(self, _value):
        self.entered.set()
        self.free.wait(60)

    def state(self):
        return 0.0


@pytest.fixture
def carried_out(make_relay):
    """A function: hand settings over while the bus hangs; return the numbers in their order."""

    def run(*settings):
        answers, first = SimpleQueue(), Hanging()
        bus = OutputBus("i2c-1", answers.put, ManualClock())
        thread = threading.Thread(target=bus.run)
        thread.start()
        bus.switch(Setting("first", first, 0.0, 0), None)
        assert first.entered.wait(60)
        for number, (driver, value) in enumerate(settings, 1):
            bus.switch(Setting("next", driver, value, number), None)
        last = Setting("last", make_relay(), None, -1)
        bus.switch(last, None)
        first.free.set()
        found = []
        while (result := answers.get(timeout=60)).number != last.number:
            found.append(result)
        bus.stop()
        thread.join(60)
        assert not thread.is_alive()
        return [(one.number, one.error) for one in found[1:]]

    return run


def test_settings_are_carried_out_in_their_order(carried_out, make_relay):
    one, other = make_relay(), make_relay()
    assert carried_out((one, 1.0), (other, 1.0)) == [(1, ""), (2, "")]
    assert (one.applied, other.applied) == ([1.0], [1.0])


def test_of_the_settings_of_one_driver_only_the_latest_is_carried_out(carried_out, make_relay):
    one, other = make_relay(), make_relay()
    assert carried_out((one, 1.0), (other, 1.0), (one, 0.5)) == [(2, ""), (3, "")]
    assert one.applied == [0.5]


def test_what_switches_off_comes_first(carried_out, make_relay):
    one, other, third = make_relay(), make_relay(), make_relay()
    order = carried_out((one, 1.0), (other, 0.0), (third, 0.0))
    assert [number for number, _ in order] == [2, 3, 1]


def test_nothing_overtakes_a_release_nor_takes_the_place_of_one(carried_out, make_relay):
    old, new = make_relay(), make_relay()
    order = carried_out((old, 0.0), (old, None), (new, 1.0), (new, 0.0))
    assert [number for number, _ in order] == [1, 2, 4]
    assert (old.applied, old.closed, new.applied) == ([0.0], True, [0.0])


def test_a_driver_that_fails_is_answered_and_ends_no_thread(carried_out, make_relay):
    broken, sound = make_relay(error=KeyError("bug")), make_relay()
    assert carried_out((broken, 1.0), (sound, 1.0)) == [(1, "'bug'"), (2, "")]


def test_results_are_taken_while_some_are_awaited_and_other_items_are_dropped(moment):
    inbox = SimpleQueue()
    wanted = [SettingResult("fan", number, "", moment(0)) for number in range(3)]
    for item in (wanted[0], None, "reading", wanted[1], wanted[2]):
        inbox.put(item)
    waits = iter([True, True, True, True, False])
    assert list(results(inbox, lambda: next(waits), 60)) == wanted[:2]


def test_results_that_do_not_come_are_not_waited_for_longer_than_asked():
    assert list(results(SimpleQueue(), lambda: True, 0.01)) == []
    assert list(results(SimpleQueue(), lambda: True, -1)) == []
