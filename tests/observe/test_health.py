import socket

import pytest

from edge_agent.clock import ManualClock
from edge_agent.figures import SignOfLife
from edge_agent.observe.health import PATIENCE, PATIENCE_BEHIND, Health
from edge_agent.observe.notices import Notices
from edge_agent.observe.systemd import Notifier


@pytest.fixture
def clock():
    return ManualClock()


def watched(clock, sent):
    health = Health(monotonic=clock.monotonic, notify=sent.append, every=5)
    health.watch(["bus", "engine"])
    return health


def test_the_watchdog_is_fed_while_every_thread_reports(clock):
    sent = []
    health = watched(clock, sent)
    for _ in range(10):
        clock.advance(20)
        health.inbox.put("bus")
        health.inbox.put("engine")
        assert health.check() == []
    assert sent == ["WATCHDOG=1"] * 10


def test_one_silent_thread_starves_the_watchdog_and_is_named(clock):
    sent = []
    health = watched(clock, sent)
    clock.advance(31)
    health.inbox.put("bus")
    assert health.check() == ["engine"]
    assert sent == ["STATUS=no progress: engine"]


def test_a_thread_that_comes_back_feeds_it_again(clock):
    sent = []
    health = watched(clock, sent)
    clock.advance(31)
    health.check()
    health.inbox.put("bus")
    health.inbox.put("engine")
    assert health.check() == []


def test_a_thread_of_delivery_is_watched_from_its_first_sign_of_life_with_more_patience(clock):
    sent = []
    health = watched(clock, sent)
    health.inbox.put("mqtt")
    for _ in range(16):
        assert health.check() == []
        clock.advance(20)
        health.inbox.put("bus")
        health.inbox.put("engine")
    assert health.check() == ["mqtt"]


def test_a_thread_that_a_reload_has_ended_is_not_waited_for(clock):
    sent = []
    health = watched(clock, sent)
    health.inbox.put("mqtt")
    health.watch(["bus"])
    clock.advance(1000)
    health.inbox.put("bus")
    assert health.check() == []


def test_it_is_fed_by_time_however_often_the_main_thread_looks(clock):
    sent = []
    health = watched(clock, sent)
    waits = []
    for _ in range(7):
        waits.append(health.step())
        clock.advance(2.5)
    assert waits == [5.0, 2.5] * 3 + [5.0]
    assert sent == ["WATCHDOG=1"] * 4


def test_signs_of_life_that_come_before_a_reload_count(clock):
    sent = []
    health = watched(clock, sent)
    for _ in range(100):
        clock.advance(2.5)
        health.inbox.put("bus")
        health.inbox.put("engine")
        health.watch(["bus", "engine"])
        assert health.check() == []


def test_a_silent_thread_is_logged_once(clock, caplog):
    health = watched(clock, [])
    for _ in range(20):
        health.step()
        clock.advance(5)
    assert caplog.text.count("threads not responding: bus, engine") == 1


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_receives_the_message_on_its_socket(tmp_path, abstract):
    name = f"@edge-agent-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name[1:] if abstract else name)
        systemd.settimeout(5)
        notify = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"})
        notify("READY=1")
        assert systemd.recv(100) == b"READY=1"
    assert notify.watchdog == 60


def test_without_systemd_and_with_a_deaf_socket_nothing_happens(tmp_path):
    assert Notifier({}).watchdog == 0
    Notifier({})("READY=1")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})("READY=1")


def test_the_status_shows_what_people_should_know_until_it_ends(clock):
    sent, notices = [], Notices()
    health = Health(monotonic=clock.monotonic, notify=sent.append, every=5, notices=notices.line)
    notices.put("mqtt", "speaks MQTT 3.1.1")
    health.check()
    health.check()
    notices.put("mqtt", "")
    health.check()
    assert [one for one in sent if one != "WATCHDOG=1"] == [
        "STATUS=mqtt speaks MQTT 3.1.1",
        "STATUS=",
    ]


def test_the_status_of_silent_threads_ends_with_the_silence(clock):
    sent = []
    health = watched(clock, sent)
    clock.advance(31)
    health.check()
    health.inbox.put("bus")
    health.inbox.put("engine")
    health.check()
    assert sent == ["STATUS=no progress: bus, engine", "STATUS=", "WATCHDOG=1"]


def test_each_check_reports_all_signs_of_life(clock):
    reported = []
    health = Health(monotonic=clock.monotonic, notify=str, every=5, report=reported.append)
    health.watch(["bus"])
    clock.advance(7)
    health.inbox.put("sink mqtt")
    health.check()
    (signs,) = reported
    assert signs.threads == {
        "bus": SignOfLife(0.0, PATIENCE),
        "sink mqtt": SignOfLife(7.0, PATIENCE_BEHIND),
    }
