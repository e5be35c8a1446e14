"""The MQTT source: what it acknowledges, what comes again, and how members share the work."""

from pathlib import Path

import pytest

from consumers.pending import Pending
from consumers.source import DeadLetter, Introduction, SourcePlan, SourceUnavailable
from consumers.sources.catalog import source_of
from consumers.sources.mqtt import session
from consumers.sources.mqtt import source as mqtt
from consumers.sources.mqtt.source import MqttSource, broker_of
from edge_agent.errors import AgentError

WINDOWS = {"a window of 20": "", "a window of 7": "max_inflight_messages 7\n"}


@pytest.fixture(params=[5, 4], ids=["MQTT 5", "MQTT 3.1.1"])
def opened(request):
    """A function: an open source; `close` it or leave it to the end of the test."""
    made = []

    def make(url, **given):
        plan = SourcePlan(url=url, **given)
        share = plan.group if plan.member else ""
        broker = broker_of(plan)._replace(versions=(request.param,))
        made.append(MqttSource(broker, keep=bool(plan.group), share=share))
        made[-1].open()
        return made[-1]

    yield make
    for each in made:
        each.close()


def offsets(source, wait_for, count):
    """Receive until `count` deliveries are there; return the offsets of the events."""
    found = []

    def enough():
        found.extend(source.receive(0.05))
        return len(found) >= count

    wait_for(enough)
    return [one.offset for one in found if not isinstance(one, (DeadLetter, Introduction))]


def nothing_comes(source):
    return not any(source.receive(0.05) for _ in range(4))


@pytest.fixture(params=WINDOWS.values(), ids=WINDOWS.keys())
def any_broker(request, mosquitto):
    return mosquitto(f"allow_anonymous true\n{request.param}").start()


def send(publisher, event, numbers, node="greenhouse"):
    for n in numbers:
        publisher.send(f"edge/{node}/event/reading/air", event(n, node=node))


def test_what_is_not_acknowledged_comes_again_at_the_next_start(
    any_broker, publisher, opened, event, wait_for
):
    source, one = opened(any_broker.url, group="g"), publisher(any_broker)
    send(one, event, range(1, 6))
    assert offsets(source, wait_for, 5) == [1, 2, 3, 4, 5]
    source.acknowledge(3)
    source.close()
    again = opened(any_broker.url, group="g")
    assert offsets(again, wait_for, 2) == [4, 5]
    again.acknowledge(2)
    again.close()
    assert nothing_comes(opened(any_broker.url, group="g"))


def test_everything_passes_a_window_that_is_smaller_than_the_backlog(
    any_broker, publisher, opened, event, wait_for
):
    source, one = opened(any_broker.url, group="g"), publisher(any_broker)
    send(one, event, range(1, 101))
    found = []

    def step():
        got = source.receive(0.05)
        found.extend(each.offset for each in got)
        source.acknowledge(len(got))
        return len(found) >= 100

    wait_for(step)
    assert found == list(range(1, 101))


def test_a_batch_is_acknowledged_with_its_last_event(broker, publisher, opened, event, wait_for):
    source, one = opened(broker.url, group="g"), publisher(broker)
    one.send("edge/greenhouse/batch", [event(1), event(2), event(3)])
    assert offsets(source, wait_for, 3) == [1, 2, 3]
    source.acknowledge(2)
    source.close()
    again = opened(broker.url, group="g")
    assert offsets(again, wait_for, 3) == [1, 2, 3]
    again.acknowledge(2)
    again.acknowledge(1)
    again.close()
    assert nothing_comes(opened(broker.url, group="g"))


def test_after_a_killed_broker_old_messages_are_not_acknowledged_on_the_new_connection(
    mosquitto, tmp_path, publisher, opened, event, wait_for
):
    keep = f"persistence true\npersistence_location {tmp_path}/\nautosave_interval 1\nuser root\n"
    broker = mosquitto(f"allow_anonymous true\n{keep}").start()
    source, one = opened(broker.url, group="g"), publisher(broker)
    send(one, event, [1, 2])
    assert offsets(source, wait_for, 2) == [1, 2]
    saved = tmp_path / "mosquitto.db"
    wait_for(lambda: saved.exists() and b"a1b2c3:2" in saved.read_bytes())
    broker.kill()
    broker.start()
    assert offsets(source, wait_for, 2) == [1, 2]  # the broker does not know what we have
    source.acknowledge(2)  # those of the connection that is gone
    source.close()
    again = opened(broker.url, group="g")
    assert offsets(again, wait_for, 2) == [1, 2]
    assert source.interruptions == 0


def test_members_share_the_events_and_each_gets_what_nodes_say_of_themselves(
    any_broker, publisher, opened, event, wait_for
):
    one = publisher(any_broker)
    one.send("edge/greenhouse/info", {"version": "1"}, retain=True)
    members = [opened(any_broker.url, group="g", member=name) for name in ("a", "b")]
    for member in members:
        seen = []
        wait_for(lambda member=member, seen=seen: seen.extend(member.receive(0.05)) or seen)
        assert seen == [Introduction("greenhouse", {"version": "1"})]
        member.acknowledge(1)
    send(one, event, range(1, 41))
    shares = [set(), set()]

    def step():
        for member, share in zip(members, shares, strict=True):
            got = member.receive(0.02)
            share.update(each.offset for each in got)
            member.acknowledge(len(got))
        return len(shares[0] | shares[1]) == 40

    wait_for(step)
    assert all(shares)
    assert not shares[0] & shares[1]


def test_a_member_needs_a_group_whose_name_a_filter_can_hold():
    with pytest.raises(AgentError, match="name its group"):
        source_of(SourcePlan(url="mqtt://localhost", member="a"))
    with pytest.raises(AgentError, match="no / \\+ #"):
        source_of(SourcePlan(url="mqtt://localhost", group="a/b", member="a"))


def test_a_flood_that_is_not_acknowledged_stays_unread_until_it_is(
    broker, publisher, opened, event, wait_for, monkeypatch
):
    monkeypatch.setattr(mqtt, "MOST_EVENTS", 10)
    source, one = opened(broker.url, group="g"), publisher(broker)
    for n in range(1, 51):  # with QoS 0, no window holds the broker back
        one.send("edge/greenhouse/event/reading/air", event(n), qos=0)
    found = offsets(source, wait_for, 10)
    assert nothing_comes(source)
    source.acknowledge(len(found))
    while len(found) < 50:
        more = offsets(source, wait_for, 1)
        source.acknowledge(len(more))
        found += more
    assert found == list(range(1, 51))


def test_large_messages_are_taken_a_few_at_once(
    broker, publisher, opened, event, wait_for, monkeypatch
):
    monkeypatch.setattr(session, "TAKE_BYTES", 1)
    source, one = opened(broker.url, group="g"), publisher(broker)
    send(one, event, range(1, 21))
    takes = []

    def step():
        takes.append([each.offset for each in source.receive(0.05)])
        return sum(map(len, takes)) == 20

    wait_for(step)
    assert [offset for take in takes for offset in take] == list(range(1, 21))
    assert max(map(len, takes)) == 1


def test_an_open_source_has_one_socket(broker, opened):
    before = sockets()
    opened(broker.url)
    assert len(sockets() - before) == 1


def sockets():
    """The sockets of this process."""
    found = Path("/proc/self/fd").iterdir()
    links = {str(each.readlink()) for each in found if each.is_symlink()}
    return {link for link in links if link.startswith("socket:")}


def test_more_than_what_came_cannot_be_acknowledged(broker, opened):
    with pytest.raises(ValueError, match="1 of 0 deliveries"):
        opened(broker.url).acknowledge(1)


def test_no_broker_is_unavailable(port):
    with pytest.raises(SourceUnavailable):
        source_of(SourcePlan(url=f"mqtt://127.0.0.1:{port}")).open()


def test_messages_are_acknowledged_in_the_order_of_their_arrival():
    waiting = Pending()
    for name, deliveries in (("a", 2), ("b", 0), ("c", 1)):
        waiting.add(name, deliveries)
    assert waiting.acknowledge(1) == []
    assert waiting.acknowledge(1) == ["a", "b"]
    assert waiting.acknowledge(1) == ["c"]


def test_events_are_found_below_the_topic_that_the_agents_have(
    mosquitto, publisher, event, wait_for
):
    broker = mosquitto().start()
    source = source_of(SourcePlan(url=broker.url, nodes=("shed",), topic="site/{node}/v1"))
    source.open()
    sender = publisher(broker)
    sender.send("edge/shed/event/reading/air", event(1, node="shed"))
    sender.send("site/hut/v1/event/reading/air", event(2, node="hut"))
    sender.send("site/shed/v1/info", {"version": "1"})
    sender.send("site/shed/v1/event/reading/air", event(3, node="shed"))
    found = []
    wait_for(lambda: found.extend(source.receive(0.05)) or len(found) == 2)
    source.close()
    introduction, reading = found
    assert introduction.node == "shed"
    assert reading.offset == 3


def test_a_topic_without_nodes_is_refused():
    with pytest.raises(AgentError, match="a level of its own"):
        source_of(SourcePlan(url="mqtt://h", topic="site"))
