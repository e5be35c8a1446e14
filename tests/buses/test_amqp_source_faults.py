"""What the source says when a real RabbitMQ refuses, stops or is slow, and that it resumes."""

import logging
from functools import partial

import pytest
from lab.broker import free_port
from lab.waiting import eventually

from consumers.source import SourcePlan, SourceUnavailable
from consumers.sources.amqp import target
from consumers.sources.catalog import source_of
from edge_agent.testing.origin import ids, messages
from tests.buses.amqp_queue import channel, exists

STEP_SECONDS = 0.2
LONG = 120  # s, on a busy machine


def send(port, queue, numbers, exchange=""):
    """Publish events to a queue, and wait until the broker has stored them."""
    with channel(port) as one:
        one.confirm_delivery()
        for message in messages(numbers):
            one.basic_publish(exchange, queue, message.payload, mandatory=True)


def declare(port, queue, queue_type="quorum"):
    with channel(port) as one:
        one.queue_declare(queue, durable=True, arguments={"x-queue-type": queue_type})


class Collector:
    """Acknowledges what a source brings, and keeps the ids."""

    def __init__(self, source):
        self.source = source
        self.ids = []

    def step(self):
        found = self.source.receive(STEP_SECONDS)
        self.ids += [one.id for one in found]
        self.source.acknowledge(len(found))

    def has(self, numbers):
        """Return whether all of these have arrived, after one more step."""
        self.step()
        return set(self.ids) >= set(ids(numbers))


@pytest.fixture
def collector(rabbitmq, tmp_path):
    """A function: a collector of what a queue has, its source not yet open."""
    made = []

    def make(queue, hosts=None, **plan):
        url = f"amqp://{hosts or rabbitmq.url.removeprefix('amqp://')}/{queue}"
        known = {"group": "mine", "start": "beginning", "state": str(tmp_path / "state"), **plan}
        made.append(Collector(source_of(SourcePlan(url=url, **known))))
        return made[-1]

    yield make
    for one in made:
        one.source.close()


@pytest.fixture
def user(rabbitmq, tmp_path):
    """A function: make a user that may read these; return the keys of its login."""
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_text("right\n")

    def make(read):
        rabbitmq.control("add_user", "reader", "right")
        rabbitmq.control("set_permissions", "reader", "^$", "^$", read)
        return {"username": "reader", "password_file": str(file)}

    yield make
    rabbitmq.control("delete_user", "reader")


def refusal(collector):
    """Return why the source cannot be opened, with the remedy."""
    with pytest.raises(SourceUnavailable) as caught:
        collector.source.open()
    return str(caught.value)


def says(collector, caplog, words):
    """Return whether the log has these words, after one more step."""
    collector.step()
    return words in caplog.text


def test_a_missing_queue_is_named_with_a_remedy_and_read_once_it_exists(rabbitmq, collector):
    one = collector("later")
    said = refusal(one)
    assert f"127.0.0.1:{rabbitmq.port}: the broker has no queue 'later'" in said
    assert "add ?exchange=edge" in said
    declare(rabbitmq.port, "later")
    send(rabbitmq.port, "later", range(1, 4))
    one.source.open()
    eventually(partial(one.has, range(1, 4)))


def test_a_queue_that_the_user_may_not_read_is_named_with_a_remedy(rabbitmq, collector, user):
    declare(rabbitmq.port, "secret")
    send(rabbitmq.port, "secret", range(1, 4))
    one = collector("secret", **user("^$"))
    said = refusal(one)
    assert "the broker refuses the queue 'secret'" in said
    assert "rabbitmqctl set_permissions" in said
    rabbitmq.control("set_permissions", "reader", "^$", "^$", "^secret$")
    one.source.open()
    eventually(partial(one.has, range(1, 4)))


def test_a_wrong_login_is_named_with_a_remedy_and_a_new_password_is_read(
    rabbitmq, collector, user, tmp_path
):
    declare(rabbitmq.port, "login")
    send(rabbitmq.port, "login", range(1, 4))
    one = collector("login", **user(".*"))
    (tmp_path / "password").write_text("wrong\n")
    said = refusal(one)
    assert "the broker refuses the login" in said
    assert "correct username and password_file" in said
    (tmp_path / "password").write_text("right\n")
    one.source.open()
    eventually(partial(one.has, range(1, 4)))


def test_a_deleted_queue_is_named_counted_and_read_again_once_it_exists(
    rabbitmq, collector, caplog
):
    declare(rabbitmq.port, "deleted")
    send(rabbitmq.port, "deleted", range(1, 4))
    one = collector("deleted")
    one.source.open()
    eventually(partial(one.has, range(1, 4)))
    with channel(rabbitmq.port) as other:
        other.queue_delete("deleted")
    eventually(partial(says, one, caplog, "the queue is gone: it was deleted"))
    eventually(partial(says, one, caplog, "the broker has no queue 'deleted'"))
    assert one.source.interruptions == 1
    declare(rabbitmq.port, "deleted")
    send(rabbitmq.port, "deleted", range(4, 7))
    eventually(partial(one.has, range(4, 7)), LONG)


def test_an_exchange_in_the_url_is_declared_and_bound_and_a_second_time_does_no_harm(
    rabbitmq, collector
):
    first = collector("bound?exchange=fault-exchange")
    first.source.open()
    assert exists(rabbitmq.port, "bound")
    send(rabbitmq.port, "greenhouse.reading.air", range(1, 4), exchange="fault-exchange")
    eventually(partial(first.has, range(1, 4)))
    first.source.close()
    send(rabbitmq.port, "greenhouse.reading.air", range(4, 7), exchange="fault-exchange")
    second = collector("bound?exchange=fault-exchange")
    second.source.open()
    eventually(partial(second.has, range(4, 7)))
    assert not set(second.ids) & set(ids(range(1, 4)))


def test_an_exchange_of_another_kind_is_named_with_a_remedy(rabbitmq, collector):
    with channel(rabbitmq.port) as other:
        other.exchange_declare("fan", "fanout", durable=True)
    said = refusal(collector("fanned?exchange=fan"))
    assert "of another kind" in said
    assert "remove ?exchange=" in said


def test_if_the_first_host_is_dead_the_second_one_is_read(rabbitmq, collector):
    declare(rabbitmq.port, "second")
    send(rabbitmq.port, "second", range(1, 4))
    one = collector("second", hosts=f"127.0.0.1:{free_port()},127.0.0.1:{rabbitmq.port}")
    one.source.open()
    eventually(partial(one.has, range(1, 4)))


def test_if_all_hosts_are_dead_each_is_named(collector):
    dead = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    said = refusal(collector("any", hosts=",".join(dead)))
    assert all(f"{one}: nothing listens there" in said for one in dead)
    assert "start the broker" in said


def test_a_consumer_slower_than_the_heartbeat_gets_what_it_had_not_acknowledged_again(
    rabbitmq, collector, monkeypatch, caplog
):
    monkeypatch.setattr(target, "HEARTBEAT_SECONDS", 2)
    declare(rabbitmq.port, "slow")
    send(rabbitmq.port, "slow", range(1, 4))
    one = collector("slow")
    one.source.open()
    held = []
    eventually(lambda: held.extend(one.source.receive(STEP_SECONDS)) or len(held) == 3)
    eventually(lambda: not connections(rabbitmq), LONG)  # the source does nothing meanwhile
    one.source.acknowledge(len(held))
    eventually(partial(one.has, range(1, 4)), LONG)
    assert "the connection broke" in caplog.text or "heartbeat" in caplog.text


def connections(rabbitmq):
    """Return the connections of consumers that the broker has."""
    said = rabbitmq.control("list_connections", "--silent", "pid", "client_properties")
    return [line for line in said.splitlines() if "edge-consumer" in line]


@pytest.mark.parametrize("queue_type", ["quorum", "stream"])
def test_a_silent_broker_is_named_and_nothing_is_lost(
    rabbitmq, collector, monkeypatch, caplog, queue_type
):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(target, "HEARTBEAT_SECONDS", 4)
    queue = f"silent-{queue_type}"
    declare(rabbitmq.port, queue, queue_type)
    send(rabbitmq.port, queue, range(1, 51))
    one = collector(queue)
    one.source.open()
    eventually(partial(one.has, range(1, 51)), LONG)
    rabbitmq.pause()
    try:
        eventually(partial(says, one, caplog, "its heartbeats are missing"), LONG)
    finally:
        rabbitmq.resume()
    eventually(partial(says, one, caplog, "connected again to the broker"), LONG)
    send(rabbitmq.port, queue, range(51, 101))
    eventually(partial(one.has, range(1, 101)), LONG)
    assert one.source.interruptions == 0


def test_a_broker_that_is_silent_from_the_start_is_named(rabbitmq, collector):
    declare(rabbitmq.port, "mute")
    one = collector("mute")
    rabbitmq.pause()
    try:
        said = refusal(one)
    finally:
        rabbitmq.resume()
    assert "does not answer" in said or "nothing answers there" in said
    one.source.open()
