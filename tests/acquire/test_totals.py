import json

import pytest

from edge_agent.acquire.totals import SavedTotal, saved_total


class Counter:
    """A counter that is asked for its total."""

    def __init__(self):
        self.count = 0

    def save_interval(self):
        return 60

    def total(self, *, stopped):
        return {"count": self.count, "stopped": stopped}

    def resume(self, saved, logged):
        raise NotImplementedError


@pytest.fixture
def counter():
    return Counter()


@pytest.fixture
def saved():
    return []


@pytest.fixture
def total(counter, saved, clock):
    return SavedTotal("meter", counter, saved.append, clock)


def test_a_total_is_saved_at_the_start_and_due_again_after_its_interval(total, saved, clock):
    assert total.due == clock.monotonic()
    total.save()
    assert [json.loads(one.data) for one in saved] == [{"count": 0, "stopped": False}]
    assert total.due == clock.monotonic() + 60


def test_a_total_that_has_not_changed_is_not_written_again(total, saved, counter):
    for _ in range(5):
        total.save()
    counter.count = 1
    total.save()
    assert len(saved) == 2


def test_a_driver_that_cannot_say_its_total_ends_no_bus(total, saved, counter, caplog):
    counter.total = lambda *, stopped: 1 / 0
    total.save()
    assert saved == []
    assert "meter: its driver has a bug" in caplog.text


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[1]", b"7"])
def test_a_saved_total_that_cannot_be_read_is_none(data):
    assert saved_total({"total/meter": data}, "meter") == {}


def test_what_was_saved_is_found_under_the_devices_name(total, saved, counter):
    counter.count = 7
    total.save(stopped=True)
    states = {one.name: one.data for one in saved}
    assert saved_total(states, "meter") == {"count": 7, "stopped": True}
    assert saved_total(states, "other") == {}
