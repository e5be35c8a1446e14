"""What librdkafka calls a time-out: each reason, found with a real Kafka, in its own words."""

import threading

import pytest

from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.kafka import cluster
from edge_agent.deliver.kafka.options import EventHubsOptions, KafkaOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import SinkUnavailable
from edge_agent.testing.destination import build_sink, deliver_all, logged
from tests.buses.kafka_reader import first_arrivals, stored
from tests.buses.servers.kafka import CONNECTION_STRING, GUEST, PASSWORD, USER

TOPIC = "reasons"


@pytest.fixture(scope="module", autouse=True)
def topic(kafka):
    kafka.create(TOPIC)
    kafka.allow(GUEST, TOPIC, "DESCRIBE")


@pytest.fixture(autouse=True)
def right_clock(monkeypatch):
    """The clock of the machine that tests, as far as the doctor knows it."""
    monkeypatch.setattr(cluster, "wall_clock_is_set", lambda: True)


@pytest.fixture
def login(kafka, secret):
    """The options of a user who may do everything; each test breaks one."""
    return {
        "tls": True,
        "ca": str(kafka.ca),
        "username": USER,
        "password_file": secret(PASSWORD),
    }


def events(count=3, first=1):
    return [logged("reading", first + n, {"values": {"n": first + n}}) for n in range(count)]


def sink_of(url, options):
    sink = build_sink(SinkPlan("bus", (url,), options), threading.Event())
    sink.open()
    return sink


def reason(url, options):
    """Return why a delivery fails; the doctor's look must find the same key and reason."""
    sink = sink_of(url, options)
    try:
        with pytest.raises(SinkUnavailable) as caught:
            sink.deliver(events())
        return str(caught.value)
    finally:
        sink.close()


def found_by_doctor(url, options):
    reach = load_sink_type(scheme_of(url)).reach
    return [(one.key, one.what) for one in reach(SinkPlan("bus", (url,), options), "greenhouse")]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_wrong_password_is_called_so(kafka, login, secret, mechanism):
    options = KafkaOptions(**login | {"mechanism": mechanism, "password_file": secret("wrong")})
    url = f"{kafka.sasl_url}/{TOPIC}"
    assert "the login failed" in reason(url, options)
    ((key, what),) = found_by_doctor(url, options)
    assert key == "username"
    assert "check user, password and mechanism" in what


NO_USER = {"username": "", "password_file": ""}
CASES = {  # where, what is wrong, the key and the words of the message
    "a CA that has not signed": ("sasl", {"ca": ""}, "ca", "the certificate of"),
    "TLS to a plain port": ("plain", {}, "tls", "ends the TLS handshake"),
    "no TLS to a TLS port": ("sasl", {"tls": False, "ca": "", **NO_USER}, "tls", "speaks TLS"),
    "no user": ("sasl", NO_USER, "url", "whether it wants user and password"),
    "no client certificate": ("mutual", NO_USER, "certificate", "client certificate"),
    "nothing listens": ("kafka://127.0.0.1:1/reasons", {}, "url", "Connection refused"),
    "no such host": ("kafka://nowhere.invalid/reasons", {}, "url", "no address is known"),
    "no such topic": ("missing", {}, "url", "the cluster has no topic missing"),
    "no right to write": (
        "sasl",
        {"username": GUEST, "mechanism": "PLAIN"},
        "username",
        "no right to write",
    ),
}


def url_of(kafka, where):
    urls = {
        "sasl": f"{kafka.sasl_url}/{TOPIC}",
        "plain": f"{kafka.url}/{TOPIC}",
        "mutual": f"{kafka.mutual_url}/{TOPIC}",
        "missing": f"{kafka.sasl_url}/missing",
    }
    return urls.get(where, where)


@pytest.mark.parametrize("case", CASES)
def test_each_obstacle_has_a_message_of_its_own_which_the_doctor_finds_as_well(kafka, login, case):
    where, broken, key, text = CASES[case]
    url, options = url_of(kafka, where), KafkaOptions(**login | broken)
    assert text in reason(url, options)
    ((found, what),) = found_by_doctor(url, options)
    assert found == key
    assert text in what


def test_no_line_of_the_library_reaches_stderr(kafka, login, capfd):
    reason(url_of(kafka, "sasl"), KafkaOptions(**login | {"ca": ""}))
    assert capfd.readouterr().err == ""


def test_a_password_that_is_corrected_in_its_file_needs_no_restart(kafka, login, secret):
    kafka.create("corrected")
    options = KafkaOptions(**login | {"password_file": secret("wrong")})
    sink = sink_of(f"{kafka.sasl_url}/corrected", options)
    with pytest.raises(SinkUnavailable, match="the login failed"):
        sink.deliver(events())
    secret(PASSWORD)
    assert deliver_all(sink, events()) == {}
    sink.close()
    assert len(stored(kafka, "corrected")) == 3


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_user_with_a_password_delivers(kafka, login, mechanism):
    kafka.create(mechanism)
    url, options = f"{kafka.sasl_url}/{mechanism}", KafkaOptions(**login, mechanism=mechanism)
    assert deliver(url, options, events(20)) == {}
    assert [one.offset for one in stored(kafka, mechanism)] == list(range(1, 21))
    assert found_by_doctor(url, options) == []


def test_a_client_certificate_delivers(kafka, login):
    kafka.create("certificate")
    certificate, key = map(str, kafka.client_certificate)
    options = KafkaOptions(tls=True, ca=str(kafka.ca), certificate=certificate, key=key)
    url = f"{kafka.mutual_url}/certificate"
    assert deliver(url, options, events(20)) == {}
    assert len(stored(kafka, "certificate")) == 20
    assert found_by_doctor(url, options) == []


def test_a_connection_string_delivers_as_to_event_hubs(kafka, secret):
    kafka.create("hub")
    url = f"{kafka.sasl_url}/hub".replace("kafka://", "eventhubs://")
    options = EventHubsOptions(connection_string_file=secret(CONNECTION_STRING), ca=str(kafka.ca))
    assert deliver(url, options, events(20)) == {}
    assert len(stored(kafka, "hub")) == 20
    assert found_by_doctor(url, options) == []


def test_a_wrong_connection_string_names_its_key(kafka, secret):
    url = f"{kafka.sasl_url}/hub".replace("kafka://", "eventhubs://")
    options = EventHubsOptions(connection_string_file=secret("Endpoint=sb://x"), ca=str(kafka.ca))
    assert "the login failed" in reason(url, options)
    assert [key for key, _ in found_by_doctor(url, options)] == ["connection_string_file"]


def test_an_event_is_refused_with_the_limit_of_its_topic(kafka):
    kafka.create("small", max_message_bytes=5000)
    batch = events(5)
    batch[2] = logged("reading", 3, {"text": "x" * 6000})
    refused = deliver(f"{kafka.url}/small", KafkaOptions(), batch)
    assert refused == {3: "larger than the topic takes: 5000 bytes"}
    assert [one.offset for one in stored(kafka, "small")] == [1, 2, 4, 5]


def test_without_the_right_to_see_the_limit_only_the_event_that_is_too_large_is_refused(
    kafka, login
):
    kafka.create("hidden", max_message_bytes=5000)
    kafka.allow(GUEST, "hidden", "DESCRIBE", "WRITE")
    batch = events(8)
    batch[4] = logged("reading", 5, {"text": "x" * 6000})
    options = KafkaOptions(**login | {"username": GUEST, "mechanism": "PLAIN"})
    refused = deliver(f"{kafka.sasl_url}/hidden", options, batch)
    assert refused.keys() == {5}
    found = stored(kafka, "hidden")
    assert first_arrivals(found) == [1, 2, 3, 4, 6, 7, 8]


def test_the_doctor_says_that_records_wait_for_the_clock_unless_the_topic_has_its_own(
    kafka, monkeypatch
):
    monkeypatch.setattr(cluster, "wall_clock_is_set", lambda: False)
    kafka.create("own-time", message_timestamp_type="LogAppendTime")
    ((_, what),) = found_by_doctor(f"{kafka.url}/{TOPIC}", KafkaOptions())
    assert "waits for the clock" in what
    assert found_by_doctor(f"{kafka.url}/own-time", KafkaOptions()) == []


def test_a_clock_that_is_wrong_keeps_the_events_and_is_named(kafka):
    kafka.create("clock", message_timestamp_before_max_ms=1)  # of which every clock is behind
    assert "one of the two clocks is wrong" in reason(f"{kafka.url}/clock", KafkaOptions())


def deliver(url, options, batch):
    sink = sink_of(url, options)
    try:
        return deliver_all(sink, batch)
    finally:
        sink.close()
