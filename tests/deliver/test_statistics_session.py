"""Home Assistant is asked over a WebSocket; what fails is said in plain English."""

import threading

import pytest
from lab.broker import free_port

from edge_agent.deliver.home_assistant import websocket
from edge_agent.deliver.home_assistant.options import ImportOptions
from edge_agent.deliver.home_assistant.recorder import HomeAssistantRecorder
from edge_agent.deliver.home_assistant.session import logged_in
from edge_agent.errors import SinkUnavailable
from tests.deliver.fake_home_assistant import (
    ENTITY,
    TOKEN,
    in_two_parts,
)


@pytest.fixture
def connect(home, tmp_path):
    """A function: log in, with a token and at a URL."""
    file = tmp_path / "token"

    def connect(token=TOKEN, url="", stopping=lambda: False):
        file.write_text(f"{token}\n")
        return logged_in(ImportOptions(url or home.url, str(file), ""), stopping)

    return connect


def entities(connect):
    with connect() as session:
        return HomeAssistantRecorder(session).entities({"edge_shed_air_temperature"})


def test_our_entity_is_found_by_the_id_that_discovery_has_given_it(connect):
    assert entities(connect) == {"edge_shed_air_temperature": ENTITY}


def test_a_message_in_parts_is_read_and_a_ping_between_them_is_answered(home, connect, wait_for):
    home.answer = in_two_parts
    with connect() as session:
        assert HomeAssistantRecorder(session).entities({"a"}) == {}
        wait_for(lambda: home.pongs)


def test_an_answer_to_another_question_is_passed_over(home, connect):
    def other_first(conversation, message):
        conversation.send({"id": 99, "type": "event"})
        conversation.send({"id": message["id"], "type": "result", "success": True, "result": []})

    home.answer = other_first
    assert entities(connect) == {}


def fails(call, *texts):
    with pytest.raises(SinkUnavailable) as found:
        call()
    for text in texts:
        assert text in str(found.value)


def test_a_token_that_is_refused_is_said_with_the_remedy(connect):
    fails(lambda: connect("wrong"), "the token is refused", "long-lived access token")


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("", "it is empty"),
        ("two\nlines", "more than one line is in it"),
        (" \n", "this is no token"),
        ("größer", "this is no token"),
    ],
)
def test_what_is_no_token_is_not_sent(home, connect, token, problem):
    fails(lambda: connect(token), problem)


def test_a_user_who_is_no_administrator_is_said(home, connect):
    home.refuses["config/entity_registry/list"] = "unauthorized"
    fails(lambda: entities(connect), "Home Assistant 2025.1.4 refuses", "no administrator")


def test_a_home_assistant_without_a_recorder_is_said(home, connect):
    home.refuses["config/entity_registry/list"] = "unknown_command"
    fails(lambda: entities(connect), "has no recorder")


def test_any_other_refusal_is_shown_as_home_assistant_says_it(home, connect):
    home.refuses["config/entity_registry/list"] = "odd"
    fails(lambda: entities(connect), "it is odd")


def test_a_path_without_a_websocket_is_said(home, connect):
    fails(lambda: connect(url=f"{home.url}/ha"), "there is no WebSocket (status 404)")


def test_a_port_on_which_nothing_listens_is_said(connect):
    fails(lambda: connect(url=f"http://127.0.0.1:{free_port()}"), "nothing listens on this port")


def test_a_connection_that_ends_is_said(home, connect):
    home.answer = lambda conversation, _: conversation.sock.shutdown(2)
    fails(lambda: entities(connect), "closed the connection")


def test_an_answer_that_is_not_json_is_said(home, connect):
    home.answer = lambda conversation, _: conversation.send([1])
    fails(lambda: entities(connect), "not Home Assistant's")


def test_a_message_beyond_the_limit_is_not_gathered(home, connect, monkeypatch):
    monkeypatch.setattr(websocket, "LARGEST", 1000)
    home.answer = lambda conversation, _: conversation.send("x" * 2000)
    fails(lambda: entities(connect), "over 1000 characters")


def test_a_stop_ends_the_wait_for_an_answer(home, connect):
    stopping = threading.Event()
    home.answer = lambda _conversation, _message: stopping.set()
    with connect(stopping=stopping.is_set) as session:
        fails(lambda: HomeAssistantRecorder(session).entities({"a"}), "the agent stops")
