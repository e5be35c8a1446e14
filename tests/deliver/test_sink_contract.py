"""What every sink promises, over every sink there is (a new one adds a row to `MODES`)."""

import json

import pytest

from edge_agent.errors import EventRejected, SinkUnavailable

MODES = {
    "mqtt 5": {"versions": (5,)},
    "mqtt 3.1.1": {"versions": (4,)},
    "mqtt 5 in batches": {"versions": (5,), "max_batch": 7},
    "mqtt 3.1.1 in batches": {"versions": (4,), "max_batch": 7},
}


@pytest.fixture(params=MODES.values(), ids=MODES)
def mode(request):
    return request.param


def offsets(received):
    """Offsets as a subscriber saw them, in order, duplicates included."""
    bodies = [
        json.loads(body) for topic, body, _ in received if "/event/" in topic or "/batch" in topic
    ]
    events = [event for body in bodies for event in (body if isinstance(body, list) else [body])]
    return [int(event["id"].split(":")[1]) for event in events]


def test_a_batch_arrives_complete_and_in_order(mode, broker, client, subscriber, events, wait_for):
    received = subscriber(broker.port)
    assert client(broker.url, **mode).up().sink.deliver(events(250)) == 250
    wait_for(lambda: len(offsets(received)) >= 250)
    assert offsets(received) == list(range(1, 251))


def test_without_a_destination_it_says_unavailable_and_takes_nothing(mode, port, client, events):
    with pytest.raises(SinkUnavailable):
        client(f"mqtt://127.0.0.1:{port}", **mode).sink.deliver(events(3))


def test_a_broken_connection_yields_exactly_what_was_acknowledged(mode, scripted, client, events):
    broker = scripted(puback=lambda n: 0 if n <= 10 else "close")
    one = client(broker.url, **mode).up()
    assert one.sink.deliver(events(200)) == 10 * mode.get("max_batch", 1)


def test_after_the_broker_was_killed_the_rest_arrives_and_nothing_is_missing(
    mode, mosquitto, client, subscriber, events, wait_for
):
    broker = mosquitto("allow_anonymous true\npersistence false\n").start()
    before = subscriber(broker.port)
    one = client(broker.url, **mode).up()
    assert one.sink.deliver(events(500)) == 500
    wait_for(lambda: len(offsets(before)) >= 500)
    broker.kill()
    one.down()
    with pytest.raises(SinkUnavailable):
        one.sink.deliver(events(500, first=501))
    broker.start()
    after = subscriber(broker.port)
    assert one.up().sink.deliver(events(500, first=501)) == 500
    wait_for(lambda: 1000 in offsets(after))
    assert sorted(set(offsets(before) + offsets(after))) == list(range(1, 1001))


def test_what_is_refused_for_good_is_named_and_the_rest_is_settled(scripted, client, events):
    broker = scripted(puback=lambda n: 0x87 if n == 5 else 0)  # MQTT 3.1.1 has no refusal
    sink = client(broker.url).up().sink
    with pytest.raises(EventRejected) as caught:
        sink.deliver(events(10))
    assert caught.value.settled == 10
    assert list(caught.value.refused.values()) == ["Not authorized"]


def test_an_event_too_large_for_the_broker_is_refused_not_retried(mode, broker, client, events):
    huge = json.dumps({"text": "x" * 200_000})
    batch = [*events(2), *events(1, first=3, data=huge), *events(2, first=4)]
    with pytest.raises(EventRejected) as caught:
        client(broker.url, **mode).up().sink.deliver(batch)
    assert caught.value.settled == 5
    assert 3 in caught.value.refused
