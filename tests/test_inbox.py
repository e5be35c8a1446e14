"""An inbox that gathers: nothing is lost or reordered, and what is urgent waits for nothing."""

import threading
from queue import Empty, SimpleQueue

import pytest

from edge_agent.inbox import ENOUGH, GatheringInbox

LONG = 3600.0  # s: a test that waits for it fails by its time limit


def gathering(seconds=LONG):
    return GatheringInbox(seconds, lambda item: item == "urgent")


def taken(inbox, timeout=LONG):
    """Return what a reader takes at once, after its wait."""
    return [inbox.get(timeout=timeout), *(inbox.get_nowait() for _ in range(inbox.qsize()))]


def test_what_is_urgent_comes_at_once_with_all_that_came_before():
    inbox = gathering()
    for item in ("one", "two", "urgent"):
        inbox.put(item)
    assert taken(inbox) == ["one", "two", "urgent"]


def test_what_is_urgent_wakes_a_reader_that_gathers():
    inbox, found = gathering(), SimpleQueue()
    threading.Thread(target=lambda: found.put(taken(inbox)), daemon=True).start()
    inbox.put("one")
    inbox.put("urgent")
    items = found.get(timeout=60)
    assert items[0] == "one"
    assert "urgent" in (items if len(items) > 1 else taken(inbox))


def test_the_reader_gathers_no_longer_than_it_would_wait():
    inbox = gathering()
    inbox.put("one")
    assert taken(inbox, timeout=0.001) == ["one"]


def test_much_is_not_gathered():
    inbox = gathering()
    for item in range(ENOUGH):
        inbox.put(item)
    assert taken(inbox) == [*range(ENOUGH)]


def test_an_urgent_item_that_was_taken_hurries_no_later_one():
    inbox = gathering(0.0)
    inbox.put("urgent")
    taken(inbox)
    assert inbox._urgent
    inbox.put("one")
    with pytest.raises(Empty):
        [taken(inbox), taken(inbox, timeout=0)]
    assert not inbox._urgent


def test_an_empty_inbox_says_so():
    inbox = gathering()
    with pytest.raises(Empty):
        inbox.get(timeout=0)
    with pytest.raises(Empty):
        inbox.get_nowait()


@pytest.mark.parametrize("seconds", [0.0, 0.0005])
def test_whatever_threads_put_is_taken_once_and_in_the_order_of_each(seconds):
    inbox, count, threads = GatheringInbox(seconds, lambda item: item[1] % 7 == 0), 3000, 3

    def put(name):
        for n in range(count):
            inbox.put((name, n))

    for name in range(threads):
        threading.Thread(target=put, args=(name,), daemon=True).start()
    found = []
    while len(found) < threads * count:
        found += taken(inbox, timeout=60)
    for name in range(threads):
        assert [n for who, n in found if who == name] == [*range(count)]
