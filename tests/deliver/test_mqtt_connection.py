import json
import logging
import queue
import select
import subprocess
import threading
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest

from edge_agent.clock import Moment
from edge_agent.deliver.mqtt import connection, session
from edge_agent.deliver.mqtt import sink as mqtt_sink
from edge_agent.deliver.sink import About
from edge_agent.errors import SinkUnavailable
from edge_agent.events import Alert, Reading

MOMENT = Moment(1_700_000_000_000_000, 0, trusted=True)


def reading(value):
    return Reading("air", MOMENT, {"temperature": value})


def test_the_first_connection_may_fail_and_the_next_one_serves(mosquitto, client, events):
    broker = mosquitto()
    one = client(broker.url)
    with pytest.raises(SinkUnavailable):
        one.sink.deliver(events(1))
    broker.start()
    assert one.up().sink.deliver(events(1)) == 1


def test_status_is_born_and_a_clean_stop_says_offline(broker, client, subscriber, wait_for):
    received = subscriber(broker.port, "edge/n/status")
    one = client(broker.url).up()
    wait_for(lambda: received)
    one.stop()
    wait_for(lambda: len(received) == 2)
    assert [body for _, body, _ in received] == [b"online", b"offline"]


def test_a_vanished_client_is_declared_offline_by_the_will(broker, client, subscriber, wait_for):
    received = subscriber(broker.port, "edge/n/status")
    one = client(broker.url).up()
    wait_for(lambda: received)
    broker_side_cut(one)
    wait_for(lambda: len(received) >= 2)
    assert received[1][1] == b"offline"


def broker_side_cut(one):
    """Another client with the same id makes the broker drop this one without DISCONNECT."""
    thief = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="edge-n")
    address = one.connection._broker.addresses[0]
    thief.connect(address.host, address.port)
    thief.loop_start()
    one.down()
    thief.disconnect()
    thief.loop_stop()


def test_a_session_that_is_taken_over_at_once_backs_off_and_says_why(broker, client, caplog):
    caplog.set_level(logging.WARNING)
    one = client(broker.url).up()
    for _ in range(2):
        broker_side_cut(one)
        one.up()
    assert one.connection._backoff.failures == 2
    assert "another client may have the id 'edge-n'; give each node its own name" in caplog.text


def test_info_and_alerts_are_retained_for_late_subscribers(broker, client, subscriber, wait_for):
    early = subscriber(broker.port, "edge/n/#")
    client(broker.url).up().connection.post(Alert("hot", "firing", MOMENT, "critical", {}))
    wait_for(lambda: len(early) == 3)  # so the broker has them
    late = subscriber(broker.port, "edge/n/#")
    wait_for(lambda: len(late) == 3)
    by_topic = {topic: (body, retained) for topic, body, retained in late}
    assert by_topic["edge/n/info"] == (b'{"version":"1","sink":"mqtt","mqtt":"5"}', 1)
    assert json.loads(by_topic["edge/n/alert/hot"][0])["state"] == "firing"


def test_a_broker_that_retains_nothing_gets_the_events(
    mosquitto, client, subscriber, events, wait_for, caplog
):
    caplog.set_level(logging.WARNING)
    broker = mosquitto("allow_anonymous true\nretain_available false\n").start()
    received = subscriber(broker.port, "edge/n/#")
    one = client(broker.url).up()
    assert one.deliver_all(events(3)) == {}
    wait_for(lambda: sum("/event/" in topic for topic, _, _ in received) == 3)
    wait_for(lambda: "edge/n/info" in {topic for topic, _, _ in received})
    broker_side_cut(one)
    wait_for(lambda: ("edge/n/status", b"offline", False) in received)
    one.up()
    assert caplog.text.count(f"127.0.0.1:{broker.port} retains no messages") == 1


def test_retained_messages_can_be_switched_off(broker, client, subscriber, wait_for):
    live = subscriber(broker.port, "edge/n/#")
    client(broker.url, retained=False).up()
    wait_for(lambda: {topic for topic, body, _ in live if body} == {"edge/n/status", "edge/n/info"})
    late = subscriber(broker.port, "edge/n/#")
    client(broker.url, retained=False).up()
    wait_for(lambda: len(late) >= 2)
    assert all(not retained for _, _, retained in late)


def test_live_state_is_the_latest_value_even_after_an_outage(
    mosquitto, client, subscriber, wait_for
):
    broker = mosquitto()
    one = client(broker.url)
    for value in (1.0, 2.0, 3.0):
        one.connection.post(reading(value))
    broker.start()
    received = subscriber(broker.port, "edge/n/state/#")
    one.up()
    wait_for(lambda: received)
    assert received[0] == ("edge/n/state/air", b'{"temperature":3.0}', 0)


def test_a_device_without_right_values_never_shows_its_old_ones(
    broker, client, subscriber, wait_for
):
    received = subscriber(broker.port, "edge/n/state/#")
    one = client(broker.url).up()
    one.connection.post(reading(1.0))
    wait_for(lambda: received)
    one.connection.post(Reading("air", MOMENT, {}, "no_acknowledge"))
    wait_for(lambda: len(received) == 2)
    assert received[1][1] == b'{"quality":"no_acknowledge"}'


def test_several_addresses_mean_failover(port, broker, client, events):
    one = client(f"mqtt://127.0.0.1:{port}", broker.url).up()
    assert one.sink.deliver(events(2)) == 2


def test_a_broker_that_accepts_and_never_answers_is_given_up(scripted, broker, client, monkeypatch):
    monkeypatch.setattr("edge_agent.deliver.mqtt.session.CONNACK_SECONDS", 0.2)
    silent = scripted(connack=None)
    client(silent.url, broker.url).up()
    assert silent.connects == [5]


def test_a_half_open_link_is_dropped_when_acknowledgements_stop(scripted, client, events):
    broker = scripted(puback=lambda n: 0 if n <= 5 else None)
    one = client(broker.url, ack_seconds=0.3).up()
    taken = 0
    with pytest.raises(SinkUnavailable, match="no acknowledgement"):
        while True:
            taken += one.sink.deliver(events(10, first=1 + taken))
    assert taken <= 5
    one.down()


def test_an_idle_half_open_link_is_found_by_the_keep_alive(scripted, client):
    broker = scripted(pong=False)
    client(broker.url, keep_alive=1).up().down()


def test_the_brokers_receive_maximum_is_respected(scripted, client, events):
    pending = scripted(connack=b"\0\0\x03\x21\0\x05")
    client(pending.url).up().sink.deliver(events(200))
    assert pending.most_unacknowledged <= 5


def test_the_window_is_never_larger_than_the_receive_maximum(scripted, client, events):
    broker = scripted(connack=b"\0\0\x03\x21\0\x05", puback=lambda _n: None)
    with pytest.raises(SinkUnavailable):
        client(broker.url, ack_seconds=0.3).up().sink.deliver(events(50))
    assert broker.most_unacknowledged == 5


def test_wrong_credentials_are_logged_once_however_often_they_are_tried(
    mosquitto, client, events, caplog
):
    caplog.set_level(logging.WARNING)
    one = client(mosquitto("allow_anonymous false\n").start().url)
    for _ in range(3):
        with pytest.raises(SinkUnavailable, match="Not authorized"):
            one.sink.deliver(events(1))
    refusals = [r for r in caplog.records if "refuses: Not authorized" in r.getMessage()]
    assert len(refusals) == 1
    assert "check username and password_file" in refusals[0].getMessage()


def test_user_and_password_open_a_broker_that_wants_them(mosquitto, client, events, tmp_path):
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-c", "-b", users, "me", "s3cret"], check=True)
    broker = mosquitto(f"allow_anonymous false\npassword_file {users}\nuser root\n").start()
    (tmp_path / "password").write_text("s3cret\n")
    one = client(broker.url, username="me", password_file=str(tmp_path / "password")).up()
    assert one.sink.deliver(events(1)) == 1


def test_stopping_while_no_broker_answers_is_quick(port, client):
    one = client(f"mqtt://127.0.0.1:{port}")
    one.stop()
    assert not one.thread.is_alive()


def test_what_is_posted_while_it_leaves_does_not_keep_it_busy(
    scripted, client, wait_for, monkeypatch
):
    waits = []

    def waited(*arguments):
        waits.append(arguments)
        return select.select(*arguments)

    broker = scripted(puback=lambda _n: None)
    one = client(broker.url).up()
    one.connection.post(Alert("hot", "firing", MOMENT, "critical", {}))
    wait_for(lambda: len(broker.published) >= 3)
    monkeypatch.setattr(session, "select", SimpleNamespace(select=waited))
    one.connection.post(None)
    wait_for(lambda: [topic for topic, _ in broker.published].count("edge/n/status") == 2)
    one.connection.post(reading(20.0))
    one.thread.join()
    assert len(waits) < 200


def test_it_shows_progress_while_no_broker_is_there(client, port, monkeypatch):
    monkeypatch.setattr(connection, "PUMP_SECONDS", 0.01)
    moves = queue.SimpleQueue()
    client(f"mqtt://127.0.0.1:{port}", progress=lambda: moves.put(None))
    for _ in range(20):
        moves.get(timeout=60)


def test_who_waits_for_a_silent_broker_shows_progress_until_the_agent_stops(
    scripted, client, events, monkeypatch
):
    monkeypatch.setattr(mqtt_sink, "WAIT_SECONDS", 0.01)
    one = client(scripted(puback=lambda _n: None).url).up()
    deliver = threading.Thread(target=lambda: outcome(one.sink, events(1)))
    deliver.start()
    while one.alive.get(timeout=10) != "mqtt":
        pass
    one.stopping.set()
    deliver.join(10)
    assert not deliver.is_alive()


def outcome(sink, batch):
    with pytest.raises(SinkUnavailable, match="the agent stops"):
        sink.deliver(batch)


def test_what_is_gone_is_cleared_from_the_broker_and_not_shown_again(
    broker, client, subscriber, events, wait_for
):
    first = client(broker.url).up()
    first.connection.post(Alert("old", "firing", MOMENT, "critical", {}))
    first.connection.post(Alert("hot", "firing", MOMENT, "critical", {}))
    first.sink.deliver(events(1))
    first.connection.post(About(b"{}", frozenset({"alert/old"})))
    first.connection.post(Alert("old", "resolved", MOMENT, "critical", {}))
    first.sink.deliver(events(1, first=2))
    late = subscriber(broker.port, "edge/n/alert/#")
    wait_for(lambda: late)
    assert [topic for topic, body, _ in late if body] == ["edge/n/alert/hot"]


def test_a_restart_clears_what_an_earlier_process_left_on_the_broker(
    broker, client, subscriber, events, wait_for
):
    first = client(broker.url).up()
    first.connection.post(Alert("old", "firing", MOMENT, "critical", {}))
    first.sink.deliver(events(1))
    first.stop()
    again = client(broker.url, about=About(b"{}", frozenset({"alert/old"}))).up()
    again.sink.deliver(events(1, first=2))
    late = subscriber(broker.port, "edge/n/#")
    wait_for(lambda: late)
    assert "edge/n/alert/old" not in {topic for topic, body, _ in late if body}


def test_what_is_first_shown_after_the_greeting_clears_what_was_retained_before(
    broker, client, subscriber, events, wait_for
):
    first = client(broker.url).up()
    first.connection.post(Alert("hot", "firing", MOMENT, "critical", {}))
    first.sink.deliver(events(1))
    first.stop()
    again = client(broker.url, retained=False).up()
    again.sink.deliver(events(1, first=2))  # the greeting is over: the engine was busy meanwhile
    again.connection.post(Alert("hot", "resolved", MOMENT, "critical", {}))
    again.sink.deliver(events(1, first=3))
    late = subscriber(broker.port, "edge/n/#")
    again.sink.deliver(events(1, first=4))
    wait_for(lambda: any("/event/" in topic for topic, _, _ in late))
    assert not [topic for topic, body, retained in late if retained and body]
