"""The SQS and SNS sinks, with what only an endpoint that answers as told shows."""

import builtins
import json
import random
import socket
import threading
from email.utils import formatdate

import pytest

from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.aws.sink import AT_ONCE, AwsSink
from edge_agent.deliver.aws.type import SINK, connector, reach
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.sink import About, SinkContext, SinkPlan
from edge_agent.errors import EventRejected, MissingPackage, SinkUnavailable
from edge_agent.events import LoggedEvent
from tests.deliver.fake_aws import FakeSqs, error, failed, successful

REGION = AwsOptions(region="eu-central-1")
DAY = 86_400


@pytest.fixture(autouse=True)
def keys(monkeypatch, tmp_path):
    """Credentials in the environment, and none in files of this machine."""
    pytest.importorskip("botocore")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return monkeypatch


@pytest.fixture
def sqs():
    servers = []

    def make(answer=None):
        servers.append(FakeSqs(answer))
        return servers[-1]

    yield make
    for each in servers:
        each.close()


class Bench:
    """A sink of one URL, whose clock, trust and stop a test sets."""

    def __init__(self, url, options=REGION):
        self.now = 0.0
        self.stopping = threading.Event()
        self.trusted = True
        self.alive = 0
        target, connect = connector(SinkPlan("cloud", (url,), options))
        self.sink = AwsSink(
            "cloud",
            target,
            self._context(),
            connect,
            backoff=Backoff(random.Random(1).random),
            monotonic=lambda: self.now,
        )
        self.sink.open()
        self.deliver = self.sink.deliver

    def _context(self):
        return SinkContext(
            "greenhouse",
            "c0ffee",
            About(b"{}"),
            alive=self._alive,
            died=pytest.fail,
            retry=lambda: None,
            stopping=self.stopping.is_set,
            requested=pytest.fail,
            trusted=lambda: self.trusted,
        )

    def _alive(self, name):
        assert name == "cloud"
        self.alive += 1

    def unavailable(self, batch):
        with pytest.raises(SinkUnavailable) as caught:
            self.deliver(batch)
        return str(caught.value)


@pytest.fixture
def bench():
    benches = []

    def make(*arguments):
        benches.append(Bench(*arguments))
        return benches[-1]

    yield make
    for each in benches:
        each.sink.close()


def logged(offset, data='{"n":1}', kind="reading", source="air"):
    return LoggedEvent(offset, 1_700_000_000_000_000 + offset, None, None, kind, source, data)


def events(count, first=1, **more):
    return [logged(first + n, **more) for n in range(count)]


# Requests.


def test_a_request_holds_ten_events_at_most_and_they_stay_in_order(sqs, bench):
    server = sqs()
    assert bench(server.url).deliver(events(23)) == 23
    assert [len(one["Entries"]) for one in server.requests] == [10, 10, 3]
    assert [body["id"] for body in server.bodies] == [f"c0ffee:{n}" for n in range(1, 24)]


def test_a_request_has_256_kib_at_most(sqs, bench):
    server = sqs()
    data = json.dumps({"text": "x" * 100_000})
    assert bench(server.url).deliver(events(5, data=data)) == 5
    assert [len(one["Entries"]) for one in server.requests] == [2, 2, 1]


def test_a_delivery_hands_over_100_events_at_most_so_that_a_crash_repeats_no_more(sqs, bench):
    assert bench(sqs().url).deliver(events(1000)) == AT_ONCE == 100


def test_a_message_has_the_attributes_that_a_filter_policy_needs(sqs, bench):
    server = sqs()
    bench(server.url).deliver(events(1))
    (entry,) = server.requests[0]["Entries"]
    texts = {name: each["StringValue"] for name, each in entry["MessageAttributes"].items()}
    body = json.loads(entry["MessageBody"])
    assert texts == {name: body[name] for name in ("type", "source", "subject")}
    assert "MessageGroupId" not in entry


def test_in_a_fifo_queue_a_device_is_a_group_and_the_event_id_finds_duplicates(sqs, bench):
    server = sqs()
    bench(server.url + ".fifo").deliver([logged(1), logged(2, source="s" * 128)])
    first, second = server.requests[0]["Entries"]
    assert first["MessageGroupId"] == "greenhouse/air"
    assert first["MessageDeduplicationId"] == "c0ffee:1"
    assert len(second["MessageGroupId"]) == 128


def test_a_character_that_xml_does_not_have_is_escaped_and_the_data_stays_the_same(sqs, bench):
    server = sqs()
    data = {"text": "\ufffe \uffff é 😀 \x01 \t"}
    bench(server.url).deliver(events(1, data=json.dumps(data, ensure_ascii=False)))
    (entry,) = server.requests[0]["Entries"]
    assert not {"\ufffe", "\uffff", "\x01"} & set(entry["MessageBody"])
    assert server.bodies[0]["data"] == data


def test_the_agent_is_alive_while_it_waits_for_an_answer(sqs, bench):
    waited = threading.Event()

    def slow(ids, _):
        waited.wait(60)
        return {"Successful": successful(*ids)}

    one = bench(sqs(slow).url)
    one.sink._context = one.sink._context._replace(alive=lambda _: waited.set())
    assert one.deliver(events(1)) == 1


# Partial failure.


def test_only_what_the_answer_names_is_confirmed(sqs, bench):
    server = sqs(lambda ids, _: {"Successful": successful(*ids[:4])})  # the rest: no word
    assert bench(server.url).deliver(events(10)) == 4


def test_without_a_word_about_the_first_event_none_is_owned(sqs, bench):
    one = bench(sqs(lambda ids, _: {"Successful": successful(*ids[1:])}).url)
    assert "does not name the message" in one.unavailable(events(10))


def test_an_answer_about_other_events_confirms_none_of_ours(sqs, bench):
    one = bench(sqs(lambda _ids, _n: {"Successful": successful("77", "78")}).url)
    assert "does not name the message" in one.unavailable(events(2))


def test_behind_a_failed_event_nothing_counts_and_what_repeats_has_the_same_id(sqs, bench):
    def answer(ids, n):
        if n > 1:
            return {"Successful": successful(*ids)}
        rest = [each for each in ids if each != "3"]
        return {"Successful": successful(*rest), "Failed": [failed("3", "InternalError", sender=0)]}

    server = sqs(answer)
    one = bench(server.url)
    assert one.deliver(events(10)) == 2
    assert one.deliver(events(8, first=3)) == 8
    ids = [body["id"] for body in server.bodies]
    assert ids == [f"c0ffee:{n}" for n in [*range(1, 11), *range(3, 11)]]


def test_an_event_that_the_queue_refuses_for_good_is_named_and_the_others_are_settled(sqs, bench):
    def answer(ids, _):
        refused = failed("2", "InvalidMessageContents", "bad character")
        return {"Successful": successful(ids[0], *ids[2:]), "Failed": [refused]}

    with pytest.raises(EventRejected) as caught:
        bench(sqs(answer).url).deliver(events(5))
    assert caught.value.settled == 5
    assert caught.value.refused == {2: "InvalidMessageContents: bad character"}


@pytest.mark.parametrize(
    "entry",
    [
        failed("1", "InvalidMessageContents", sender=False),
        failed("1", "InvalidParameterValue", "MessageGroupId is missing"),
        failed("1", "SomethingNew", "what is that?"),
    ],
    ids=["not our fault", "the configuration's fault", "unknown"],
)
def test_what_does_not_surely_concern_the_message_waits(sqs, bench, entry):
    one = bench(sqs(lambda _ids, _n: {"Failed": [entry]}).url)
    assert entry["Code"] in one.unavailable(events(1))


def test_a_gap_event_is_never_refused(sqs, bench):
    answer = {"Failed": [failed("1", "InvalidMessageContents", "bad")]}
    one = bench(sqs(lambda _ids, _n: answer).url)
    assert "bad" in one.unavailable(events(1, kind="gap"))
    other = bench(sqs(lambda _ids, _n: error("BatchRequestTooLong", "too long")).url)
    assert "too long" in other.unavailable(events(1, kind="gap"))


@pytest.mark.parametrize("stored", [True, False])
def test_a_request_without_an_answer_is_sent_again_with_the_same_ids(sqs, bench, stored):
    server = sqs()
    server.answer = lambda ids, n: "cut" if n == 2 else {"Successful": successful(*ids)}
    server.stores_before_a_cut = stored
    one, batch = bench(server.url), events(30)
    assert one.deliver(batch) == 10
    assert one.deliver(batch[10:]) == 20
    ids = [int(body["id"].split(":")[1]) for body in server.bodies]
    again = list(range(11, 21)) if stored else []
    assert ids == [*range(1, 11), *again, *range(11, 31)]


# Refused as a whole.


def test_an_event_that_is_too_large_is_refused_with_the_limit_and_not_sent(sqs, bench):
    server = sqs()
    batch = [logged(1), logged(2, json.dumps({"text": "x" * 262_144})), logged(3)]
    one = bench(server.url)
    with pytest.raises(EventRejected) as caught:
        one.deliver(batch)
    assert caught.value.settled == 2
    assert "at most 262144" in caught.value.refused[2]
    assert one.deliver(batch[2:]) == 1
    assert [body["id"] for body in server.bodies] == ["c0ffee:1", "c0ffee:3"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("BatchRequestTooLong", "Batch requests cannot be longer than 2048 bytes."),
        ("InvalidParameterValue", "Reason: Message must be shorter than 2048 bytes."),
    ],
)
def test_a_queue_with_a_lower_limit_refuses_the_large_event_and_gets_the_others(
    sqs, bench, code, text
):
    server = sqs()
    taken = []

    def answer(ids, _):
        if any(len(one["MessageBody"]) > 2048 for one in server.requests[-1]["Entries"]):
            return error(code, text)
        taken.extend(ids)
        return {"Successful": successful(*ids)}

    server.answer = answer
    with pytest.raises(EventRejected) as caught:
        bench(server.url).deliver([*events(3), logged(4, json.dumps({"text": "x" * 3000}))])
    assert caught.value.settled == 4
    assert caught.value.refused == {4: f"{code}: {text}"}
    assert taken == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (error("RequestThrottled", "slow down"), "AWS limits the rate of requests"),
        (error("InternalFailure", "oops", 500), "has a fault of its own: HTTP 500"),
        (error("", "", 503), "has a fault of its own: HTTP 503"),
        (error("ExpiredToken", "expired", 403), "the session token has expired"),
        (error("InvalidClientTokenId", "no", 403), "does not know the access key"),
        (error("UnrecognizedClientException", "no"), "does not know the access key"),
        (error("SignatureDoesNotMatch", "no", 403), "does not belong to the access key"),
        (error("AccessDenied", "no", 403), "do not allow sqs:SendMessage on http://127.0.0.1"),
        (error("KmsAccessDenied", "no", 400), "allow kms:GenerateDataKey"),
        (error("QueueDoesNotExist", "no"), "there is no queue http://127.0.0.1"),
        (
            error("SignatureDoesNotMatch", "Credential should be scoped to a valid region"),
            "belongs to another region",
        ),
        (error("WhatIsThis", "a new code"), "WhatIsThis: a new code"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_everything_else_waits_and_says_why(sqs, bench, answer, what):
    assert what in bench(sqs(lambda _ids, _n: answer).url).unavailable(events(3))


def old_name(code):
    return {"x-amzn-query-error": f"AWS.SimpleQueueService.{code};Sender"}


def test_the_old_names_of_errors_are_understood(sqs, bench):
    missing = error("QueueDoesNotExist", "no", **old_name("NonExistentQueue"))
    one = bench(sqs(lambda _ids, _n: missing).url)
    assert "there is no queue" in one.unavailable(events(1))
    too_long = error("BatchRequestTooLong", "no", **old_name("BatchRequestTooLong"))
    with pytest.raises(EventRejected):
        bench(sqs(lambda _ids, _n: too_long).url).deliver(events(1))


@pytest.mark.parametrize(("off", "where"), [(-DAY, "ahead of"), (DAY, "behind")])
def test_a_wrong_clock_is_named_with_its_difference(sqs, bench, off, where):
    now = 1_700_000_000.0
    date = {"Date": formatdate(now + off, usegmt=True)}
    one = bench(sqs(lambda _ids, _n: error("SignatureDoesNotMatch", "no", 403, **date)).url)
    one.sink._wall = lambda: now
    text = one.unavailable(events(1))
    assert f"this machine's clock is 86,400 s {where} that of AWS" in text
    assert "timesyncd" in text


@pytest.mark.parametrize(
    ("code", "text"),
    [("RequestTimeTooSkewed", ""), ("SignatureDoesNotMatch", "Signature expired: 2026")],
)
def test_aws_itself_can_say_that_the_clock_is_wrong(sqs, bench, code, text):
    one = bench(sqs(lambda _ids, _n: error(code, text, 403)).url)
    assert "does not accept this machine's time" in one.unavailable(events(1))


@pytest.mark.parametrize("answer", [{"Successful": "x"}, {"Failed": [1]}, [], 7, "text", None])
def test_an_answer_that_is_none_of_sqs_is_no_confirmation(sqs, bench, answer):
    bench(sqs(lambda _ids, _n: answer).url).unavailable(events(1))


# The way, and who may.


def test_a_throttled_delivery_continues_where_it_was(sqs, bench):
    def answer(ids, n):
        return error("RequestThrottled") if n % 2 == 0 else {"Successful": successful(*ids)}

    server = sqs(answer)
    one, batch = bench(server.url), events(40)
    assert one.deliver(batch) == 10
    assert one.deliver(batch[10:]) == 10
    firsts = [one["Entries"][0]["Id"] for one in server.requests]
    assert firsts == ["1", "11", "11", "21"]


class Connected:
    """A client that takes everything."""

    def call(self, _operation, parameters):
        return {"Successful": successful(*(each["Id"] for each in parameters["Entries"]))}

    def close(self):
        pass


def test_before_the_clock_is_trusted_nothing_is_signed(bench):
    one = bench("sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/events")
    one.sink._connect = Connected
    one.trusted = False
    assert "the clock is not set yet" in one.unavailable(events(1))
    one.trusted = True
    assert one.deliver(events(1)) == 1


def test_an_emulator_on_this_machine_has_the_same_clock(sqs, bench):
    one = bench(sqs().url)
    one.trusted = False
    assert one.deliver(events(1)) == 1


def test_credentials_that_are_replaced_are_used_at_the_next_try(sqs, bench, keys):
    seen = []

    def answer(ids, n):
        return error("ExpiredToken", "", 403) if n == 1 else {"Successful": successful(*ids)}

    one = bench(sqs(answer).url)
    connect = one.sink._connect
    one.sink._connect = lambda: seen.append(1) or connect()
    one.unavailable(events(1))
    one.now += 60
    assert one.deliver(events(1)) == 1
    assert len(seen) == 2


def test_what_a_person_must_correct_is_tried_less_often(sqs, bench):
    server = sqs(lambda _ids, _n: error("AccessDenied", "", 403))
    one = bench(server.url)
    for _ in range(120):
        one.unavailable(events(1))
        one.now += 1.0
    assert 5 <= len(server.requests) <= 12


def test_without_credentials_the_remedy_names_the_ways_to_give_them(bench, sqs, keys):
    keys.delenv("AWS_ACCESS_KEY_ID")
    text = bench(sqs().url).unavailable(events(1))
    assert "no AWS credentials" in text
    assert "credentials_file" in text


def test_a_profile_that_is_missing_is_named(bench, sqs):
    options = AwsOptions(region="eu-central-1", profile="edge")
    assert "edge" in bench(sqs().url, options).unavailable(events(1))


def test_a_file_of_credentials_wins_over_the_environment(bench, sqs, tmp_path):
    file = tmp_path / "aws"
    file.write_text("[default]\naws_access_key_id = FROMFILE\naws_secret_access_key = x\n")
    server = sqs()
    one = bench(server.url, AwsOptions(region="eu-central-1", credentials_file=str(file)))
    assert one.deliver(events(1)) == 1
    assert one.sink._client._client._request_signer._credentials.access_key == "FROMFILE"


def test_a_host_that_refuses_the_connection_is_named_with_the_reason(bench):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"sqs+http://127.0.0.1:{server.getsockname()[1]}/123456789012/events"
    assert "does not answer: Connection refused" in bench(url).unavailable(events(1))


def test_a_host_that_has_no_address_is_named(bench):
    url = "sqs+https://sqs.invalid/123456789012/events"
    assert "has no address" in bench(url).unavailable(events(1))


def test_a_stop_does_not_wait_for_an_answer(bench):
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = bench(f"sqs+http://127.0.0.1:{server.getsockname()[1]}/123456789012/events")
        one.stopping.set()
        assert "the agent stops" in one.unavailable(events(1))


def test_while_the_agent_stops_one_request_is_enough(sqs, bench):
    one = bench(sqs().url)
    one.stopping.set()
    assert one.deliver(events(50)) == 10


def test_build_says_how_to_install_what_is_missing(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name.startswith("botocore") or name == "edge_agent.deliver.aws.client":
            raise ImportError
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    plan = SinkPlan("cloud", ("sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/q",), REGION)
    with pytest.raises(MissingPackage, match=r"pip install 'edge-agent\[aws\]'"):
        SINK.build(plan, None)
    with pytest.raises(MissingPackage):
        list(SINK.reach(plan, "n"))


# What the doctor asks.


def looked(server):
    return list(reach(SinkPlan("cloud", (server.url,), REGION), "greenhouse"))


def test_the_doctor_sends_no_event_and_needs_the_right_to_send(sqs):
    server = sqs()
    empty = error("EmptyBatchRequest", **old_name("EmptyBatchRequest"))
    server.answer = lambda _ids, n: {"Attributes": {}} if n == 1 else empty
    assert looked(server) == []
    assert [one.get("Entries") for one in server.requests] == [None, []]


def test_the_doctor_does_without_the_right_to_read_attributes(sqs):
    answers = [error("AccessDenied", "", 403), error("EmptyBatchRequest")]
    assert looked(sqs(lambda _ids, n: answers[n - 1])) == []


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ([error("QueueDoesNotExist")], "there is no queue"),
        ([{"Attributes": {}}, error("AccessDenied", "", 403)], "do not allow sqs:SendMessage"),
    ],
)
def test_the_doctor_names_what_stands_in_the_way(sqs, answers, what):
    server = sqs(lambda _ids, n: answers[n - 1])
    (problem,) = looked(server)
    assert (problem.key, problem.value) == ("url", server.url)
    assert what in problem.what


def test_the_doctor_tells_the_wrong_port_from_missing_credentials(sqs):
    server = sqs()
    plan = SinkPlan("cloud", (server.url.replace("http:", "https:"),), REGION)
    (problem,) = reach(plan, "greenhouse")
    assert "no TLS with https://127.0.0.1" in problem.what
