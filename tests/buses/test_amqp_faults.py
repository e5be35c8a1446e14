"""What a real RabbitMQ says when something is wrong, and what the sink makes of it."""

import subprocess
import threading

import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp
from cloudevents.core.formats.json import JSONFormat

from edge_agent.deliver.amqp import server
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.amqp.sink import SINK
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.testing.destination import build_sink, deliver_all, logged
from tests.buses.amqp_queue import channel, taken
from tests.buses.servers.rabbitmq import LARGEST_MESSAGE, install


def events(first, last, **data):
    return [logged("reading", n, {"n": n, **data}) for n in range(first, last + 1)]


@pytest.fixture
def plan(rabbitmq):
    """A function: make a plan for the node; `url` may end in a virtual host."""

    def make(*, path="", **options):
        return SinkPlan("rabbit", (rabbitmq.url + path,), AmqpOptions(**options))

    return make


@pytest.fixture
def sink(plan):
    stopping, sinks = threading.Event(), []

    def make(**options):
        sinks.append(build_sink(plan(**options), stopping))
        sinks[-1].open()
        return sinks[-1]

    yield make
    for one in sinks:
        one.close()


@pytest.fixture
def user(rabbitmq, tmp_path):
    """A function: make a user with these rights; return the keys of its login."""
    names = []

    def make(configure, write):
        names.append(f"user{len(names)}")
        rabbitmq.control("add_user", names[-1], "right")
        rabbitmq.control("set_permissions", names[-1], configure, write, "^$")
        file = tmp_path / names[-1]
        file.touch(0o600)
        file.write_text("right\n")
        return {"username": names[-1], "password_file": str(file)}

    yield make
    for name in names:
        rabbitmq.control("delete_user", name)


def reached(plan):
    return [(key, what) for key, _, what in SINK.reach(plan, "greenhouse")]


def complaint(sink):
    with pytest.raises(SinkUnavailable) as caught:
        sink.deliver(events(1, 3))
    return str(caught.value)


def test_a_missing_queue_is_named_with_a_remedy(plan, sink):
    expected = {"queue": "absent", "declare": False}
    assert "no queue 'absent'" in complaint(sink(**expected))
    [(key, what)] = reached(plan(**expected))
    assert key == "queue"
    assert "declare = true" in what


def test_a_missing_exchange_is_named_with_a_remedy(plan, sink):
    expected = {"exchange": "absent", "declare": False}
    assert "no exchange 'absent'" in complaint(sink(**expected))
    assert reached(plan(**expected))[0][0] == "exchange"


def test_what_is_to_be_declared_and_is_not_there_yet_is_no_problem(plan):
    assert reached(plan(queue="not yet")) == []
    assert reached(plan(exchange="not yet")) == []


def test_a_queue_of_another_type_is_named_with_a_remedy(rabbitmq, plan, sink):
    with channel(rabbitmq.port) as one:
        one.queue_declare("typed", durable=True, arguments={"x-queue-type": "classic"})
    assert "received 'quorum' but current is 'classic'" in complaint(sink(queue="typed"))
    [(key, what)] = reached(plan(queue="typed"))
    assert key == "queue"
    assert "set exchange or queue_type" in what


def test_an_event_that_no_queue_takes_waits_and_the_routing_key_is_named(sink):
    what = complaint(sink(exchange="lonely"))
    assert "edge.greenhouse.reading.source1" in what
    assert "bind a queue" in what


def test_events_that_wait_for_a_queue_arrive_once_it_is_bound(rabbitmq, sink):
    one = sink(exchange="early")
    complaint(one)
    with channel(rabbitmq.port) as mine:
        mine.queue_declare("early bird", durable=True)
        mine.queue_bind("early bird", "early", "edge.#")
    deliver_all(one, events(1, 20))
    keys = [properties.message_id for properties, _ in taken(rabbitmq.port, "early bird")]
    assert keys == [f"c0ffee:{n}" for n in range(1, 21)]


def test_a_deleted_exchange_is_declared_again(rabbitmq, sink):
    one = sink(exchange="fleeting")
    complaint(one)
    with channel(rabbitmq.port) as mine:
        mine.exchange_delete("fleeting")
    assert "no exchange 'fleeting'" in complaint(one)
    assert "bind a queue" in complaint(one)


def test_a_wrong_password_is_told_from_a_missing_right(plan, sink, user, monkeypatch):
    login = user("^$", "^$")
    monkeypatch.setenv("WRONG", "wrong")
    wrong = {"username": login["username"], "password_env": "WRONG"}
    assert "refuses the login: ACCESS_REFUSED" in complaint(sink(**wrong))
    assert [key for key, _ in reached(plan(**wrong))] == ["url"]
    what = complaint(sink(**login))
    assert "access to exchange 'edge'" in what
    assert "set_permissions" in what


def test_a_missing_virtual_host_is_named(plan, sink):
    assert "vhost absent not found" in complaint(sink(path="/absent"))
    assert [key for key, _ in reached(plan(path="/absent"))] == ["url"]


@pytest.mark.parametrize("where", [{"queue": "guarded"}, {"exchange": "guarded"}], ids=str)
def test_the_right_to_write_is_asked_for_without_a_message(rabbitmq, plan, user, where):
    with channel(rabbitmq.port) as one:
        one.queue_declare("guarded", durable=True, arguments={"x-queue-type": "quorum"})
        one.exchange_declare("guarded", "topic", durable=True)
        one.queue_bind("guarded", "guarded", "#")
    reader = user("^$", "^$")
    [(key, what)] = reached(plan(declare=False, **reader, **where))
    assert key in where
    assert "ACCESS_REFUSED" in what
    writer = user("^$", "^(guarded|amq.default)$")
    assert reached(plan(declare=False, **writer, **where)) == []
    assert taken(rabbitmq.port, "guarded") == []


def test_a_user_without_the_right_to_configure_delivers_to_what_is_expected(rabbitmq, sink, user):
    with channel(rabbitmq.port) as one:
        one.queue_declare("expected", durable=True, arguments={"x-queue-type": "quorum"})
    login = user("^$", "^amq.default$")
    deliver_all(sink(queue="expected", declare=False, **login), events(1, 5))
    assert len(taken(rabbitmq.port, "expected")) == 5


def test_too_large_events_are_refused_with_the_limit_and_the_rest_arrives(rabbitmq, sink):
    batch = events(1, 300)
    for n in (0, 100, 101, 299):
        batch[n] = logged("reading", n + 1, {"text": "x" * LARGEST_MESSAGE})
    refused = deliver_all(sink(queue="narrow"), batch)
    assert refused.keys() == {1, 101, 102, 300}
    assert all(f"max_message_size, {LARGEST_MESSAGE}" in why for why in refused.values())
    arrived = [int(p.message_id.split(":")[1]) for p, _ in taken(rabbitmq.port, "narrow")]
    assert list(dict.fromkeys(arrived)) == [n for n in range(1, 301) if n not in refused]


def test_a_full_queue_refuses_and_the_events_wait(rabbitmq, sink):
    with channel(rabbitmq.port) as one:
        full = {"x-queue-type": "classic", "x-max-length": 10, "x-overflow": "reject-publish"}
        one.queue_declare("full", durable=True, arguments=full)
    one, batch = sink(queue="full", declare=False), events(1, 30)
    count = one.deliver(batch)
    assert count == 10
    with pytest.raises(SinkUnavailable, match="could not store an event"):
        one.deliver(batch[count:])
    arrived = [p.message_id for p, _ in taken(rabbitmq.port, "full")]
    deliver_all(one, batch[count : count + 5])
    arrived += [p.message_id for p, _ in taken(rabbitmq.port, "full")]
    assert set(arrived) >= {f"c0ffee:{n}" for n in range(1, 16)}


@pytest.mark.parametrize(
    ("alarm", "end", "word"),
    [
        (["set_vm_memory_high_watermark", "0"], ["set_vm_memory_high_watermark", "0.4"], "memory"),
        (["set_disk_free_limit", "900000GB"], ["set_disk_free_limit", "50MB"], "disk"),
    ],
    ids=["memory", "disk"],
)
def test_a_blocked_connection_is_named_and_ends_with_the_alarm(rabbitmq, sink, alarm, end, word):
    one = sink(queue="blocked")
    deliver_all(one, events(1, 5))
    rabbitmq.control(*alarm)
    try:
        what = [complaint_of(one, events(6, 200)) for _ in range(3)]
    finally:
        rabbitmq.control(*end)
    assert all(f"takes nothing now: low on {word}" in each for each in what)
    deliver_all(one, events(6, 200))
    arrived = [p.message_id for p, _ in taken(rabbitmq.port, "blocked")]
    assert set(arrived) == {f"c0ffee:{n}" for n in range(1, 201)}


def complaint_of(sink, batch):
    with pytest.raises(SinkUnavailable) as caught:
        sink.deliver(batch)
    return str(caught.value)


def test_an_idle_connection_is_kept_by_heartbeats(rabbitmq, sink, monkeypatch):
    monkeypatch.setattr(server, "HEARTBEAT_SECONDS", 2)  # RabbitMQ closes after twice that
    one = sink(queue="idle")
    deliver_all(one, events(1, 3))
    before = connections(rabbitmq)
    threading.Event().wait(8)  # of a running process, whose clock cannot be moved
    deliver_all(one, events(4, 6))
    assert connections(rabbitmq) == before
    assert len(before) == 1


def connections(rabbitmq):
    """Return the connections of agents, each named by its two ends."""
    said = rabbitmq.control("list_connections", "--silent", "name", "client_properties")
    return [line.split("\t")[0] for line in said.splitlines() if "edge-agent" in line]


@pytest.mark.parametrize("content", ["structured", "binary"])
def test_the_cloudevents_sdk_reads_what_a_queue_holds(rabbitmq, sink, content):
    deliver_all(sink(queue=f"sdk-{content}", content=content), events(1, 3))
    for n, (properties, body) in enumerate(taken(rabbitmq.port, f"sdk-{content}"), 1):
        message = AMQPMessage(
            {"content-type": properties.content_type}, properties.headers or {}, body
        )
        event = from_amqp(message, JSONFormat())
        assert event.get_id() == properties.message_id == f"c0ffee:{n}"
        assert event.get_data() == {"n": n}
        assert properties.delivery_mode == 2


def test_amqp_tools_read_what_a_queue_holds(rabbitmq, sink):
    install("amqp-tools", "amqp-get")
    deliver_all(sink(queue="tools"), events(1, 1))
    command = ["amqp-get", "-s", f"127.0.0.1:{rabbitmq.port}", "-q", "tools"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"id":"c0ffee:1"' in said


def test_a_refusal_and_an_outage_of_one_batch_are_kept_apart(sink):
    batch = [logged("reading", 1, {"text": "x" * LARGEST_MESSAGE})]
    with pytest.raises(EventRejected) as caught:
        sink(queue="alone").deliver(batch)
    assert caught.value.settled == 1
