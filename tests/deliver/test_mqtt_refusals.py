"""What a broker does not take: for good, for now, or not in this size."""

import json
import logging

import pytest

from edge_agent.deliver.backoff import FIRST
from edge_agent.deliver.sink import About
from edge_agent.errors import EventRejected, SinkUnavailable

FINAL = {0x90: "Topic name invalid", 0x99: "Payload format invalid"}
PASSING = [0x80, 0x83, 0x87, 0x91, 0x97]
LIMIT = "allow_anonymous true\nmax_packet_size 3000\n"


@pytest.mark.parametrize("code", FINAL)
def test_what_is_wrong_with_the_message_itself_is_refused_for_good(scripted, client, events, code):
    broker = scripted(puback=lambda n: code if n == 2 else 0)
    with pytest.raises(EventRejected) as caught:
        client(broker.url).up().sink.deliver(events(3))
    assert caught.value.refused == {2: FINAL[code]}


@pytest.mark.parametrize("code", PASSING)
def test_any_other_refusal_waits(scripted, client, events, code):
    broker = scripted(puback=lambda n: code if n == 1 else 0)
    sink = client(broker.url).up().sink
    with pytest.raises(SinkUnavailable, match=r"the broker refuses edge/n/event/reading/air"):
        sink.deliver(events(1))
    assert sink.deliver(events(1)) == 1


def test_what_was_taken_before_a_passing_refusal_is_settled(scripted, client, events):
    broker = scripted(puback=lambda n: 0x97 if n == 4 else 0)
    assert client(broker.url).up().sink.deliver(events(10)) == 3


def test_after_a_passing_refusal_one_event_tries_the_way(scripted, client, events):
    broker = scripted(puback=lambda _n: 0x87)
    sink = client(broker.url).up().sink
    sent = []
    for _ in range(3):
        with pytest.raises(SinkUnavailable):
            sink.deliver(events(1000))
        sent.append(sum("/event/" in topic for topic, _ in broker.published))
    assert [n - sent[0] for n in sent] == [0, 1, 2]
    broker.puback = lambda _n: 0
    assert sink.deliver(events(1000)) == 1
    assert sink.deliver(events(999, first=2)) > 1


def test_an_access_right_that_is_corrected_later_loses_nothing(
    mosquitto, client, subscriber, events, tmp_path, wait_for
):
    rights = tmp_path / "rights"
    rights.write_text("topic read #\ntopic write edge/n/status\ntopic write edge/n/envet/#\n")
    rights.chmod(0o644)
    # Without a limit of its queues, mosquitto hangs up instead of refusing.
    extra = "allow_anonymous true\nuser root\nmax_queued_messages 5000\n"
    broker = mosquitto(f"{extra}acl_file {rights}\n").start()
    received = subscriber(broker.port, "edge/n/event/#")
    one = client(broker.url).up()
    with pytest.raises(SinkUnavailable, match="Not authorized"):
        one.sink.deliver(events(50))
    rights.write_text("topic readwrite #\n")
    broker.reload()
    assert one.deliver_all(events(50)) == {}
    wait_for(lambda: {offset(body) for _, body, _ in received} == set(range(1, 51)))


def offset(body):
    return int(json.loads(body)["id"].split(":")[1])


def offsets(received):
    return [int(one["id"].split(":")[1]) for _, body, _ in received for one in json.loads(body)]


@pytest.mark.parametrize("version", [5, 4])
def test_a_batch_too_large_for_the_broker_goes_in_smaller_ones(
    mosquitto, client, subscriber, events, wait_for, version
):
    broker = mosquitto(LIMIT).start()
    received = subscriber(broker.port, "edge/n/batch")
    one = client(broker.url, max_batch=100, versions=(version,)).up()
    one.connection._backoff.next = lambda *_: 0.0
    assert one.deliver_all(events(100)) == {}
    wait_for(lambda: set(offsets(received)) == set(range(1, 101)))
    assert max(len(body) for _, body, _ in received) < 3000


def test_a_limit_that_a_broker_does_not_announce_is_found_with_short_pauses(
    mosquitto, client, events
):
    one = client(mosquitto(LIMIT).start().url, max_batch=100, versions=(4,)).up()
    one.connection._backoff.failures, pauses = 10, []
    one.connection._rest = pauses.append
    assert one.deliver_all(events(100)) == {}
    assert pauses == [FIRST, FIRST], "with 50 and 25 events"


def test_what_fits_does_not_overtake_a_batch_that_is_too_large(
    mosquitto, client, subscriber, events, wait_for
):
    broker = mosquitto(LIMIT).start()
    received = subscriber(broker.port, "edge/n/batch")
    assert client(broker.url, max_batch=30).up().deliver_all(events(32)) == {}
    wait_for(lambda: len(offsets(received)) >= 32)
    assert offsets(received) == list(range(1, 33))


def test_an_event_too_large_is_refused_alone_and_its_batch_arrives(
    mosquitto, client, subscriber, events, wait_for
):
    broker = mosquitto(LIMIT).start()
    received = subscriber(broker.port, "edge/n/batch")
    batch = events(20)
    batch[7] = batch[7]._replace(data=json.dumps({"text": "x" * 3000}))
    refused = client(broker.url, max_batch=20).up().deliver_all(batch)
    assert refused == {8: "larger than 3000 bytes"}
    wait_for(lambda: set(offsets(received)) == set(range(1, 21)) - {8})


def test_one_bad_event_does_not_take_its_batch_with_it(scripted, client, events):
    broker = scripted()
    broker.puback = lambda _n: 0x99 if b'"log:40"' in broker.published[-1][1] else 0
    one = client(broker.url, max_batch=64).up()
    assert one.deliver_all(events(64)) == {40: "Payload format invalid"}


def gap(events, ranges, first=1):
    data = {"reason": "max_size", "count": len(ranges), "ranges": ranges}
    return events(1, first=first, kind="gap", data=json.dumps(data))[0]


@pytest.mark.parametrize("max_batch", [1, 100])
def test_a_gap_event_too_large_for_the_broker_waits_until_it_passes_unchanged(
    mosquitto, client, subscriber, events, wait_for, max_batch
):
    broker = mosquitto(LIMIT).start()
    received = subscriber(broker.port, "edge/n/#")
    long = gap(events, [[n, n] for n in range(1, 1000, 2)], first=11)
    batch = [*events(10), long, *events(3, first=12)]
    one = client(broker.url, max_batch=max_batch).up()
    delivered = 0
    for _ in range(5):
        try:
            delivered += one.sink.deliver(batch[delivered:])
        except SinkUnavailable as error:
            failure = str(error)
    assert delivered == 10
    assert failure == "it does not take gap event 11: larger than 3000 bytes"
    assert not any(b'"edge.gap.v1"' in body for _, body, _ in received)
    roomy = client(mosquitto("allow_anonymous true\n").start().url, max_batch=max_batch).up()
    assert roomy.deliver_all(batch[delivered:]) == {}


def test_while_a_gap_event_waits_nothing_behind_it_is_sent_again_and_again(
    scripted, client, events
):
    broker = scripted()
    broker.puback = lambda _n: 0x99 if b'"edge.gap.v1"' in broker.published[-1][1] else 0
    sink = client(broker.url).up().sink
    sent = []
    for _ in range(3):
        with pytest.raises(SinkUnavailable, match="gap event 1: Payload format invalid"):
            sink.deliver([gap(events, [[1, 2]]), *events(50, first=2)])
        sent.append(sum("/event/" in topic for topic, _ in broker.published))
    assert [n - sent[0] for n in sent] == [0, 1, 2]
    broker.puback = lambda _n: 0
    assert sink.deliver([gap(events, [[1, 2]]), *events(50, first=2)]) == 1


def test_info_too_large_for_the_broker_does_not_end_the_connection(
    mosquitto, client, events, caplog
):
    caplog.set_level(logging.WARNING)
    about = About(json.dumps({"devices": "x" * 4000}).encode())
    one = client(mosquitto(LIMIT).start().url, about=about).up()
    assert one.sink.deliver(events(1)) == 1
    assert "edge/n/info is not shown: the broker takes 3000 bytes" in caplog.text
    assert "connection lost" not in caplog.text
