"""What no emulator of SQS shows on demand: failures in part, tokens that expire, long waits."""

import builtins
import json

import pytest
from lab.waiting import eventually

from consumers.received_event import ReceivedEvent
from consumers.source import DeadLetter, SourcePlan, SourceUnavailable
from consumers.sources.catalog import source_of
from consumers.sources.sqs import source as source_module
from consumers.sources.sqs.message import deliveries_in
from consumers.sources.sqs.queue import SqsQueue
from consumers.sources.sqs.source import SqsSource
from edge_agent.deliver.aws.address import parse_url
from edge_agent.deliver.aws.answer import ServiceError
from edge_agent.deliver.aws.message import MessageWriter
from edge_agent.deliver.backoff import Backoff
from edge_agent.errors import AgentError
from edge_agent.events import LoggedEvent
from edge_agent.testing.origin import event, ids
from tests.consumers.scripted_queue import ScriptedClient, TickingClock

URL = "sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/events"
TARGET = parse_url(URL)
DELETE, CHANGE = "delete_message_batch", "change_message_visibility_batch"
LATER = {"SenderFault": False, "Code": "InternalError"}
NEVER = {"SenderFault": True, "Code": "ReceiptHandleIsInvalid"}
UNNAMED = {}
THROTTLED = ServiceError("RequestThrottled", "slow down")
EXPIRED = ServiceError("ExpiredToken", "the token is expired", status=403)
DENIED = ServiceError("AccessDenied", "no", status=403)


@pytest.fixture
def client():
    return ScriptedClient()


@pytest.fixture
def clock():
    return TickingClock()


@pytest.fixture
def connections():
    return []


@pytest.fixture
def source(client, clock, connections):
    def connect():
        connections.append(client)
        return SqsQueue(client, TARGET)

    one = SqsSource(connect, Backoff(lambda: 0.0), clock)
    yield one
    client.hold.set()
    one.close()


def put(client, numbers):
    client.put(*(json.dumps(event(n)) for n in numbers))


def receive(source, count):
    """Return so many deliveries."""
    found = []

    def enough():
        found.extend(source.receive(0.05))
        return len(found) >= count

    eventually(enough)
    return found


def pumped(source, condition):
    """Let the source work until a condition is true."""

    def step():
        source.receive(0.05)
        return condition()

    eventually(step)


def handles(*numbers):
    return [f"handle{n}" for n in numbers]


def test_what_is_acknowledged_is_deleted_in_requests_of_ten(source, client):
    put(client, range(1, 26))
    source.open()
    assert [one.id for one in receive(source, 25)] == ids(range(1, 26))
    source.acknowledge(25)
    pumped(source, lambda: client.deleted == handles(*range(1, 26)))
    assert client.calls.count(DELETE) == 1 + 3  # the first one finds out about the right


def test_what_is_acknowledged_only_in_part_is_not_deleted(source, client):
    client.put(json.dumps([event(1), event(2)]), json.dumps(event(3)))
    source.open()
    receive(source, 3)
    source.acknowledge(1)
    source.close()
    assert client.deleted == []
    assert client.kept == [(handle, 0) for handle in handles(1, 2)]


def test_a_deletion_that_fails_in_part_is_repeated_for_the_rest(source, client, clock):
    put(client, [1, 2, 3])
    failures = {"handle1": LATER, "handle2": UNNAMED}
    client.answers[DELETE] = [failures.get]
    source.open()
    receive(source, 3)
    source.acknowledge(3)
    pumped(source, lambda: client.deleted == handles(3))
    clock.now += 10
    pumped(source, lambda: client.deleted == handles(3, 1, 2))


def test_what_may_not_be_deleted_any_more_is_left_to_arrive_again(source, client, clock):
    put(client, [1, 2])
    client.answers[DELETE] = [{"handle1": NEVER}.get]
    source.open()
    receive(source, 2)
    source.acknowledge(2)
    pumped(source, lambda: client.deleted == handles(2))
    clock.now += 10
    put(client, [3])
    receive(source, 1)
    source.acknowledge(1)
    pumped(source, lambda: client.deleted == handles(2, 3))


def test_a_batch_without_events_is_deleted_at_once(source, client):
    client.put("[]")
    source.open()
    pumped(source, lambda: client.deleted == handles(1))


def test_what_is_not_acknowledged_stays_ours(source, client, clock):
    put(client, [1, 2])
    source.open()
    receive(source, 2)
    source.acknowledge(1)
    pumped(source, lambda: client.deleted == handles(1))
    clock.now += 20
    source.receive(0.05)
    assert client.kept == []
    for count in (1, 2, 3):
        clock.now += 31
        pumped(source, lambda count=count: client.kept == [("handle2", 60)] * count)


def test_what_cannot_stay_ours_is_not_asked_for_again(source, client, clock):
    put(client, [1, 2])
    client.answers[CHANGE] = [{"handle1": NEVER}.get]
    source.open()
    receive(source, 2)
    clock.now += 31
    pumped(source, lambda: client.kept == [("handle2", 60)])
    clock.now += 31
    pumped(source, lambda: client.kept == [("handle2", 60)] * 2)


def test_no_more_is_received_than_may_be_unacknowledged(source, client, monkeypatch):
    monkeypatch.setattr(source_module, "MOST", 15)
    put(client, range(1, 31))
    source.open()
    assert len(receive(source, 15)) == 15
    asked = client.calls.count("receive_message")
    assert list(source.receive(0.05)) == []
    assert client.calls.count("receive_message") == asked
    source.acknowledge(15)
    assert len(receive(source, 15)) == 15


def test_while_nothing_can_be_deleted_what_is_received_is_bounded(source, client, monkeypatch):
    monkeypatch.setattr(source_module, "MOST", 15)
    client.answers[DELETE] = [lambda _handle: LATER] * 1000
    put(client, range(1, 31))
    source.open()
    for _ in range(40):
        source.acknowledge(len(source.receive(0.01)))
    assert client.deleted == []
    assert client._messages.qsize() == 15


@pytest.mark.parametrize("operation", ["receive_message", DELETE, CHANGE])
def test_throttling_delays_and_is_said(source, client, clock, caplog, operation):
    source.open()
    client.refuse[operation] = [THROTTLED, THROTTLED]
    put(client, [1, 2])

    def both_are_settled():
        clock.now += 10
        return client.deleted == handles(1) and ("handle2", 60) in client.kept

    arrived = []

    def both_have_arrived():
        clock.now += 10
        arrived.extend(source.receive(0.05))
        return len(arrived) == 2

    eventually(both_have_arrived)
    source.acknowledge(1)
    pumped(source, both_are_settled)
    assert any("AWS limits the rate of requests" in one for one in caplog.messages)


@pytest.mark.parametrize("operation", ["receive_message", DELETE])
def test_after_an_expired_token_the_credentials_are_read_again(
    source, client, clock, connections, operation
):
    put(client, [1])
    source.open()
    receive(source, 1)
    client.refuse[operation] = [EXPIRED]
    source.acknowledge(1)
    pumped(source, lambda: client.closed == 1)
    clock.now += 60
    pumped(source, lambda: client.deleted == handles(1))
    put(client, [2])
    assert [one.id for one in receive(source, 1)] == ids([2])
    assert len(connections) == 2


@pytest.mark.parametrize(
    ("operation", "right"),
    [
        ("receive_message", "sqs:ReceiveMessage"),
        (DELETE, "sqs:DeleteMessage"),
        (CHANGE, "sqs:ChangeMessageVisibility"),
    ],
)
def test_a_missing_right_is_named_before_anything_is_taken(source, client, operation, right):
    client.refuse[operation] = [DENIED]
    with pytest.raises(SourceUnavailable, match=f"do not allow {right} on https://sqs"):
        source.open()
    assert client.closed == 1


def test_the_end_gives_back_what_a_receive_under_way_brings(source, client):
    source.open()
    client.hold.clear()
    source.receive(0.01)
    put(client, [1, 2])
    client.hold.set()
    source.close()
    assert client.kept == [(handle, 0) for handle in handles(1, 2)]
    assert client.closed == 1


def test_the_end_deletes_what_is_acknowledged(source, client):
    put(client, range(1, 36))
    source.open()
    receive(source, 35)
    source.acknowledge(33)
    source.close()
    assert client.deleted == handles(*range(1, 34))
    assert client.kept == [(handle, 0) for handle in handles(34, 35)]


def test_the_end_does_not_wait_for_a_queue_that_fails(source, client):
    put(client, [1])
    source.open()
    receive(source, 1)
    client.refuse[CHANGE] = [THROTTLED]
    source.close()
    assert (client.kept, client.closed) == ([], 1)


def test_an_unforeseen_error_is_raised_where_the_source_is_used(source, client):
    source.open()
    client.refuse["receive_message"] = [ZeroDivisionError("a bug")]
    with pytest.raises(ZeroDivisionError):
        pumped(source, lambda: False)


def test_what_the_sink_writes_is_the_same_event():
    logged = LoggedEvent(7, 1_764_240_000_123_457, None, None, "reading", "air", json.dumps(
        {"values": {"temperature": 21.5}, "quality": "good"}
    ))  # fmt: skip
    entry = MessageWriter(TARGET, "greenhouse", "a1b2c3").write(logged).entry
    (found,) = deliveries_in(entry["MessageBody"])
    assert isinstance(found, ReceivedEvent)
    assert (found.id, found.node, found.subject) == ("a1b2c3:7", "greenhouse", "air")


NOTIFICATION = {"Type": "Notification", "TopicArn": "arn:aws:sns:x:1:t", "Message": "", "SignatureVersion": "1"}  # fmt: skip  # noqa: E501


def test_what_sns_wraps_is_unwrapped():
    (found,) = deliveries_in(json.dumps(NOTIFICATION | {"Message": json.dumps(event(1))}))
    assert found.id == ids([1])[0]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        '"Notification"',
        json.dumps(NOTIFICATION),
        json.dumps(NOTIFICATION | {"Message": 5}),
        json.dumps(event(1) | {"type": "Notification"}),
        "[" * 100_000 + '"Notification"',
        json.dumps(event(1))[:-1] + "\ud800",
    ],
    ids=lambda body: body[:20],
)
def test_what_is_no_event_is_a_dead_letter(body):
    (found,) = deliveries_in(body)
    assert isinstance(found, DeadLetter)


REFUSED = {
    "nodes": ({"nodes": ("greenhouse",)}, "a queue has no filter"),
    "a user name": ({"username": "me"}, "--username has no meaning"),
    "a certificate": ({"certificate": "me.pem"}, "--certificate has no meaning"),
    "an unknown option": ({"url": f"{URL}?wait=5"}, "option 'wait' is unknown"),
    "no region": ({"url": "sqs+http://127.0.0.1:1/123456789012/events"}, "region: the URL does"),
    "another region": ({"url": f"{URL}?region=us-east-1"}, "region = us-east-1: the queue is in"),
    "no queue": ({"url": "sqs+https://sqs.eu-central-1.amazonaws.com/"}, "no queue has this URL"),
    "no encryption": ({"url": "sqs+http://sqs.example.com/123456789012/events"}, "write https"),
    "a key": ({"url": URL.replace("//", "//me:secret@")}, "do not belong in the URL"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_queue_has_is_refused_before_anything_connects(case):
    changes, words = REFUSED[case]
    with pytest.raises(AgentError, match=words) as caught:
        source_of(SourcePlan(**{"url": URL, **changes}))
    assert "secret" not in str(caught.value)


def test_without_botocore_the_remedy_is_said(monkeypatch):
    load = builtins.__import__

    def missing(name, *rest):
        if name.startswith("edge_agent.deliver.aws.client"):
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(AgentError, match=r"pip install .*edge-agent\[aws\]"):
        source_of(SourcePlan(url=URL))
