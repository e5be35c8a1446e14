"""Links that are slow, short-lived or taken over, and the way back to the first broker."""

import logging
import threading

import pytest
from lab.waiting import eventually

from edge_agent.deliver.backoff import CAP, SLOW_CAP
from edge_agent.deliver.complaints import PAUSE, Complaints
from edge_agent.deliver.mqtt import connection, probe
from edge_agent.deliver.mqtt.address import Address, parse_url
from edge_agent.deliver.mqtt.probe import EVERY, WELL, Probe


def slowly(stream, count):
    """Read as a link of a few kilobytes a second does."""
    pause = threading.Event()
    data = b""
    while len(data) < count and (more := stream.read(min(512, count - len(data)))):
        data += more
        pause.wait(0.02 if count > 5000 else 0)
    return data


def test_a_batch_that_takes_longer_than_the_wait_for_its_acknowledgement_arrives(
    scripted, client, events
):
    broker = scripted()
    broker.keep_receive_buffers_small()
    broker.read = slowly
    one = client(broker.url, max_batch=200, ack_seconds=2.5).up()
    assert one.sink.deliver(events(1, data='{"text":"%s"}' % ("x" * 120_000))) == 1
    assert len(broker.connects) == 1


def test_a_slow_batch_outlives_the_keep_alive(scripted, client, events):
    broker = scripted()
    broker.keep_receive_buffers_small()
    broker.read = slowly
    one = client(broker.url, keep_alive=1, max_batch=200).up()
    assert one.sink.deliver(events(1, data='{"text":"%s"}' % ("x" * 120_000))) == 1
    assert len(broker.connects) == 1


def test_a_broker_that_hangs_up_after_connack_is_left_for_the_next_one(scripted, client, events):
    bad, good = scripted(), scripted()
    bad.greeting = b"\xe0\x02\x97\0"
    one = client(bad.url, good.url)
    one.connection._backoff.next = lambda *_: failing(one)
    eventually(lambda: good.connects)
    assert one.deliver_all(events(3)) == {}


def failing(one):
    one.connection._backoff.failures += 1
    return 0.0


def test_connections_that_end_at_once_are_logged_once_a_minute(scripted, client, caplog):
    caplog.set_level(logging.WARNING)
    broker = scripted()
    broker.greeting = b"\xe0\x02\x97\0"
    one = client(broker.url)
    one.connection._backoff.next = lambda *_: failing(one)
    eventually(lambda: len(broker.connects) >= 30)
    lost = [r for r in caplog.records if "connection lost" in r.getMessage()]
    assert len(lost) == 1


def test_attempts_at_a_broker_that_hangs_up_become_rare(scripted, client, monkeypatch):
    broker = scripted()
    broker.greeting = b"\xe0\x02\x97\0"
    one = client(broker.url)
    pauses = []
    monkeypatch.setattr(one.connection, "_rest", pauses.append)
    eventually(lambda: len(pauses) >= 20)
    assert min(pauses[6:]) >= CAP / 2


def test_a_session_that_another_client_takes_over_says_so(scripted, client, caplog):
    """As a broker says it in MQTT 5; mosquitto 2.0.11 just closes the connection."""
    caplog.set_level(logging.WARNING)
    broker = scripted()
    broker.greeting = b"\xe0\x02\x8e\0"
    client(broker.url).up().down()
    assert "Session taken over" in caplog.text


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_connection_is_tried_often_if_the_broker_or_its_name_may_be_back(client, port, host):
    assert caps_of(client(f"mqtt://{host}:{port}")) == {CAP}


def test_a_connection_is_tried_seldom_if_a_person_must_correct_the_login(client, scripted):
    assert caps_of(client(scripted(connack=b"\0\x86\0").url)) == {SLOW_CAP}


def caps_of(one):
    caps = []
    one.connection._backoff.next = lambda cap=CAP: caps.append(cap) or 0.0
    eventually(lambda: len(caps) >= 2)
    return set(caps[1:])


def test_after_a_failover_the_first_broker_gets_the_events_again(
    mosquitto, client, subscriber, events, monkeypatch
):
    monkeypatch.setattr(probe, "EVERY", 0.01)
    monkeypatch.setattr(connection, "PUMP_SECONDS", 0.05)
    first, second = mosquitto(), mosquitto().start()
    status = subscriber(second.port, "edge/n/status")
    one = client(first.url, second.url).up()
    assert one.sink.deliver(events(1)) == 1
    first.start()
    one.down()
    monkeypatch.setattr(one.connection, "_rest", lambda _seconds: None)
    one.up()
    received = subscriber(first.port, "edge/n/#")
    assert one.deliver_all(events(5, first=2)) == {}
    eventually(lambda: sum("/event/" in topic for topic, _, _ in received) == 5)
    eventually(lambda: status and status[-1][1] == b"offline")


def test_a_first_broker_that_is_away_is_not_gone_back_to(port, broker, client, events, monkeypatch):
    monkeypatch.setattr(probe, "EVERY", 0.0)
    looks = []
    monkeypatch.setattr(connection, "PUMP_SECONDS", 0.01)
    one = client(f"mqtt://127.0.0.1:{port}", broker.url).up()
    look = one.connection._probe._look
    one.connection._probe._look = lambda address: looks.append(address) or look(address)
    eventually(lambda: len(looks) > 2 * WELL)
    assert one.sink.deliver(events(1)) == 1
    assert one.ups.empty()


def test_a_probe_wants_several_successes_in_a_row():
    now, answers = [0.0], iter([True, True, False, True, True, True])
    looked = []
    watched = Probe(
        Address("a", 1883, False), lambda a: looked.append(a) or next(answers), lambda: now[0]
    )
    well = []
    for _ in range(6):
        now[0] += EVERY
        assert not watched.is_well()
        eventually(lambda: not watched._found.empty())
        well.append(watched.is_well())
    assert well == [False] * 5 + [True]


def test_a_probe_takes_a_port_without_listener_for_a_failure(port, broker):
    assert not probe.takes_connections(parse_url(f"mqtt://127.0.0.1:{port}"))
    assert probe.takes_connections(parse_url(broker.url))


def test_a_lasting_complaint_is_logged_once_and_a_recurring_one_with_its_count(caplog):
    caplog.set_level(logging.WARNING)
    now = [0.0]
    complaints = Complaints(logging.getLogger("test"), lambda: now[0])
    for _ in range(1000):
        complaints.add("away")
        now[0] += 1
    assert complaints.end()
    for _ in range(5):
        complaints.add("lost")
        complaints.end()
    now[0] += PAUSE
    complaints.add("lost")
    assert [r.getMessage() for r in caplog.records] == ["away", "lost", "lost (4 more times since)"]


def test_complaints_do_not_grow_without_end(caplog):
    complaints = Complaints(logging.getLogger("test"))
    for n in range(10_000):
        complaints.add(str(n))
    assert len(complaints._texts) <= 50
