"""Commands of the page, and the answers of the engine."""

import msgspec
import pytest

from edge_agent.errors import AgentError
from edge_agent.events import PAGE, Answer
from edge_agent.observe.web.now.commands import MOST, PageCommands
from edge_agent.observe.web.route import BadRequest, Query


@pytest.fixture
def sent():
    return []


@pytest.fixture
def commands(sent):
    return PageCommands(sent.append)


def answer(request, state, **more):
    payload = msgspec.json.encode({"command": request.name, "state": state, **more})
    return Answer(request.topic, request.correlation, payload)


FAN = Query(body={"command": "set", "output": "fan", "value": "on"})


def test_a_command_reaches_the_engine_with_its_arguments(commands, sent):
    commands.begin(FAN)
    (request,) = sent
    assert (request.name, request.topic) == ("set", PAGE)
    assert msgspec.json.decode(request.payload) == {"output": "fan", "value": "on"}


def test_its_last_answer_is_the_result(commands, sent):
    begun = commands.begin(FAN)
    commands.take(answer(sent[0], "accepted"))
    assert not begun.done()
    commands.take(answer(sent[0], "done", result={}))
    assert begun.result(0)["state"] == "done"


def test_each_command_gets_its_own_answer(commands, sent):
    first, second = commands.begin(FAN), commands.begin(FAN)
    commands.take(answer(sent[1], "refused", reason="no"))
    assert second.result(0)["reason"] == "no"
    assert not first.done()


def test_an_answer_for_which_nothing_waits_any_more_is_dropped(commands, sent):
    commands.begin(FAN).cancel()
    commands.take(answer(sent[0], "done"))
    commands.take(answer(sent[0], "done"))


@pytest.mark.parametrize("body", [None, [], "set", {}, {"command": 1}])
def test_what_is_no_command_is_refused(commands, sent, body):
    with pytest.raises(BadRequest, match="send an object such as"):
        commands.begin(Query(body=body))
    assert sent == []


def test_many_that_wait_leave_no_room_until_one_is_given_up(commands, sent):
    begun = [commands.begin(FAN) for _ in range(MOST)]
    with pytest.raises(AgentError, match="have not ended yet"):
        commands.begin(FAN)
    begun[0].cancel()
    commands.begin(FAN)
    assert len(sent) == MOST + 1
