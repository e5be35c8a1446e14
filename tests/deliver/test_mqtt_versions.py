"""Which MQTT version is spoken: only the broker itself makes the agent fall back."""

import json
import logging
from itertools import chain, repeat

import pytest

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.endpoints import Endpoints

FIRST, SECOND = Address("a", 1883, False), Address("b", 1883, False)


def test_a_broker_that_only_knows_3_1_1_and_closes_is_spoken_to_in_3_1_1(scripted, client, events):
    broker = scripted(versions=(4,))
    assert client(broker.url).up().sink.deliver(events(3)) == 3
    assert broker.connects == [5, 5, 4, 5, 4]


def test_a_broker_that_refuses_version_5_is_asked_for_3_1_1_at_once(scripted, client, wait_for):
    broker = scripted(connack=b"\0\x84\0")
    client(broker.url)
    wait_for(lambda: 4 in broker.connects)
    assert broker.connects[:2] == [5, 4]


def test_an_old_broker_that_refuses_version_5_in_its_own_words_is_understood(
    scripted, client, wait_for
):
    broker = scripted(connack=b"\0\x01")
    client(broker.url)
    wait_for(lambda: 4 in broker.connects)
    assert broker.connects[:2] == [5, 4]


def test_one_close_before_the_answer_does_not_change_the_version(scripted, client, events):
    answers = chain([()], repeat((4, 5)))
    broker = scripted(versions=lambda: next(answers))
    assert client(broker.url).up().sink.deliver(events(1)) == 1
    assert broker.connects == [5, 5]


def test_after_a_fall_back_the_next_connection_begins_with_version_5(scripted, client, events):
    broker = scripted(versions=(4,))
    one = client(broker.url).up()
    broker.versions = (4, 5)
    broker.cut()
    one.down().up()
    assert broker.connects == [5, 5, 4, 5, 4, 5]


def test_the_log_and_the_info_topic_say_which_version_is_spoken(scripted, client, events, caplog):
    caplog.set_level(logging.INFO)
    broker = scripted(versions=(4,))
    client(broker.url).up().sink.deliver(events(1))
    assert "(MQTT 3.1.1)" in caplog.text
    assert "it cannot say that it refuses an event; use a broker with MQTT 5" in caplog.text
    info = next(body for topic, body in broker.published if topic == "edge/n/info")
    assert json.loads(info)["mqtt"] == "3.1.1"


@pytest.mark.parametrize("closes", range(1, 8))
def test_a_broker_that_was_only_down_is_spoken_to_in_version_5(scripted, client, events, closes):
    answers = chain(repeat((), closes), repeat((4, 5)))
    one = client(scripted(versions=lambda: next(answers)).url)
    one.connection._backoff.next = lambda *_: 0.0
    one.up().sink.deliver(events(1))
    assert hides_refusals_now(one) is False


def hides_refusals_now(one):
    return bool(one.notices) and bool(one.notices[-1])


def test_the_status_says_that_refusals_are_hidden_as_long_as_they_are(scripted, client):
    broker = scripted(versions=(4,))
    one = client(broker.url).up()
    (notice,) = one.notices
    assert notice.startswith(
        f"speaks MQTT 3.1.1 to {broker.url.removeprefix('mqtt://')}: it cannot"
    )
    assert "use a broker with MQTT 5; `edge-consumer audit URL`" in notice
    broker.versions = (4, 5)
    broker.cut()
    one.down().up()
    assert one.notices[1:] == [""]


def test_closes_count_for_each_address_of_its_own():
    endpoints = Endpoints((FIRST, SECOND), (5, 4))
    assert endpoints.failed("closed")
    assert endpoints.current == (SECOND, 5)
    assert endpoints.failed("other")
    assert not endpoints.failed("closed")
    assert endpoints.current == (FIRST, 4)


@pytest.mark.parametrize("between", ["other", "login", "name"])
def test_closes_that_do_not_follow_one_another_change_nothing(between):
    endpoints = Endpoints((FIRST,), (5, 4))
    for cause in ("closed", between, "closed", between):
        assert endpoints.failed(cause)
    assert endpoints.current == (FIRST, 5)


def test_an_only_version_is_never_changed(scripted, client, wait_for):
    broker = scripted(versions=(4,))
    client(broker.url, versions=(5,))
    wait_for(lambda: len(broker.connects) >= 4)
    assert set(broker.connects) == {5}
