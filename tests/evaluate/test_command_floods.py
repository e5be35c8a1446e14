"""Commands decide neither how much memory nor how much of the disk the agent uses."""

import json

import msgspec
import pytest

from edge_agent.evaluate.commands.command import KINDS
from edge_agent.evaluate.commands.outcomes import LARGE, REMEMBERED, KnownAnswers
from edge_agent.evaluate.commands.rate import ANSWERS_AT_ONCE, AT_ONCE, TokenBucket
from edge_agent.events import Finished, Request, SavedState

FLOOD = 10_000


@pytest.fixture
def engine(stepped):
    return stepped([], allowed=tuple(KINDS))


def send(engine, name, count=1, **arguments):
    for _ in range(count):
        engine.inbox.put(Request(name, json.dumps(arguments).encode(), "answers"))
    engine.take()


def answers(engine):
    return [json.loads(answer.payload) for answer in engine.answers]


def commands(engine):
    return [event for event in engine.events if event.kind == "command"]


def finish_all(engine, result):
    for _, key in engine.delegate:
        engine.inbox.put(Finished(key, result))
    engine.delegate.clear()
    engine.take()


def test_a_bucket_gives_its_tokens_and_then_says_how_long_to_wait():
    bucket = TokenBucket(2, 0.5)
    assert [bucket.take(0), bucket.take(0)] == [0.0, 0.0]
    assert bucket.take(0) == 2.0
    assert bucket.take(1_000_000) == 1.0
    assert bucket.take(2_000_000) == 0.0


def test_a_bucket_never_holds_more_than_its_size():
    bucket = TokenBucket(2, 0.5)
    assert [bucket.take(10**12) > 0 for _ in range(3)] == [False, False, True]


def test_ten_commands_at_once_are_let_in_and_then_two_a_second(engine):
    send(engine, "read", 30, device="air")
    assert len(engine.delegate) == AT_ONCE
    engine.wait(5)
    send(engine, "read", 30, device="air")
    assert len(engine.delegate) == AT_ONCE + 10
    engine.wait(1)
    send(engine, "read", 30, device="air")
    assert len(engine.delegate) == AT_ONCE + 12


def test_a_command_too_many_is_refused_with_the_seconds_to_wait(engine):
    send(engine, "read", AT_ONCE + 1, device="air")
    reason = "too many commands; try again in 1 s"
    assert answers(engine)[-1] == {
        "command": "read",
        "id": "",
        "state": "refused",
        "reason": reason,
    }


def test_a_flood_is_one_event_that_counts(engine):
    send(engine, "read", FLOOD, device="air")
    engine.wait(7)
    flood = [event for event in commands(engine) if event.source == "flood"]
    assert [event.data["count"] for event in flood] == [FLOOD - AT_ONCE]
    assert len(commands(engine)) == AT_ONCE + 1


def test_a_flood_without_an_end_is_an_event_a_minute(engine):
    for _ in range(150):
        send(engine, "nonsense", 10)
        engine.wait(1)
    assert len([event for event in commands(engine) if event.source == "flood"]) == 2


def test_a_flood_that_the_agents_stop_ends_is_recorded(engine):
    send(engine, "read", 15, device="air")
    engine.inbox.put(None)
    engine.engine.run()
    assert commands(engine)[-1].data["count"] == 5


def test_a_flood_does_not_get_an_answer_to_each_command(engine):
    send(engine, "read", FLOOD, device="air")
    assert len(engine.answers) == AT_ONCE + ANSWERS_AT_ONCE


def test_unknown_commands_and_wrong_arguments_are_counted_too(engine):
    send(engine, "nonsense", FLOOD // 2)
    send(engine, "set", FLOOD // 2, nothing=1)
    assert len(commands(engine)) == AT_ONCE


def test_only_a_command_with_an_effect_is_urgent(engine):
    send(engine, "read", device="air")
    send(engine, "nonsense")
    send(engine, "diagnostics")
    finish_all(engine, {"threads": 1})
    send(engine, "set", output="fan", value="on")
    urgent = [event.source for event in commands(engine) if event.urgent]
    assert urgent == ["set"]


def test_a_large_result_is_only_for_its_sender(engine):
    large = {"threads": ["thread"] * LARGE}
    send(engine, "diagnostics", id="a")
    finish_all(engine, large)
    send(engine, "diagnostics", id="a")
    first, again = answers(engine)[1:]
    assert (first["result"], again["state"], again["repeated"]) == (large, "done", True)
    assert "result" not in again
    kept = [one for batch in engine.recorded for one in batch]
    assert all(len(msgspec.json.encode(one)) < LARGE for one in kept)


def test_400_diagnostics_write_some_bytes_each(engine):
    for number in range(400):
        send(engine, "diagnostics", id=f"{number:064}")
        finish_all(engine, {"threads": ["thread"] * 500})
        engine.wait(0.5)
    kept = [one for batch in engine.recorded for one in batch]
    saved = [one for one in kept if isinstance(one, SavedState) and "command" in one.name]
    assert len(saved) == 400
    assert sum(len(msgspec.json.encode(one)) for one in kept) < 400 * 1000


def test_a_reason_and_a_name_from_outside_are_clipped(engine):
    send(engine, "x" * 60_000)
    send(engine, "diagnostics")
    ((_, key),) = engine.delegate
    engine.inbox.put(Finished(key, None, "y" * 60_000))
    engine.take()
    assert all(len(answer.payload) < 1000 for answer in engine.answers)
    assert all(len(msgspec.json.encode(event.data)) < 1000 for event in commands(engine))


@pytest.mark.parametrize("name", ["device", "output", "rule", "threshold"])
def test_a_name_longer_than_any_name_is_refused(engine, name):
    kind = {"device": "read", "output": "set", "rule": "enable", "threshold": "threshold"}[name]
    needed = {"set": {"value": 1}, "threshold": {"rule": "hot", "value": 1}}.get(kind, {})
    send(engine, kind, **{**needed, name: "x" * 65})
    assert answers(engine)[0]["state"] == "refused"
    assert answers(engine)[0]["reason"].startswith(f"{name}: expected text of length <= 64")


def known(number):
    return {"command": "read", "id": f"id{number}", "state": "done"}


def test_the_latest_answers_are_known_after_a_restart_and_the_oldest_forgotten():
    before, saved = KnownAnswers(), {}
    for number in range(REMEMBERED + 50):
        name, data = before.add(known(number))
        saved[name] = data
    after = KnownAnswers(saved)
    assert len(saved) == REMEMBERED
    assert (after.get("id49"), before.get("id49")) == (None, None)
    assert [after.get(f"id{n}") for n in range(50, 250)] == [known(n) for n in range(50, 250)]


def test_after_a_restart_the_oldest_answer_is_replaced_first():
    before, saved = KnownAnswers(), {}
    for number in range(REMEMBERED + 3):
        saved.update([before.add(known(number))])
    saved.update([KnownAnswers(saved).add(known(999))])
    assert KnownAnswers(saved).get("id3") is None
    assert KnownAnswers(saved).get("id4") == known(4)
    assert KnownAnswers(saved).get("id999") == known(999)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"number": 1, "answer": {}}', b"\xff"])
def test_a_saved_answer_that_cannot_be_read_is_forgotten(data):
    _, good = KnownAnswers().add(known(1))
    answers = KnownAnswers({"command/0": data, "command/1": good, "rule/x": b"{}"})
    assert answers.get("id1") == known(1)
