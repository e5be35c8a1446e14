import pytest
from confluent_kafka import KafkaError, KafkaException

from edge_agent.deliver.catalog import load_sink_type
from edge_agent.deliver.kafka.address import Server, parse_url
from edge_agent.deliver.kafka.obstacle import refused_settings
from edge_agent.deliver.kafka.options import EventHubsOptions, KafkaOptions
from edge_agent.deliver.kafka.target import client_settings, event_hubs_target, kafka_target
from edge_agent.deliver.sink import SinkPlan

STRING = "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=s;SharedAccessKey=a="


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{STRING}\n")
    file.chmod(0o600)
    return str(file)


def problems(url, options):
    scheme = url.partition(":")[0]
    plan = SinkPlan("bus", (url,) if isinstance(url, str) else url, options)
    return [(one.key, one.what) for one in load_sink_type(scheme).check(plan)]


@pytest.mark.parametrize(
    ("url", "servers", "topic"),
    [
        ("kafka://a/events", [Server("a", 9092)], "events"),
        ("kafka://a:19092,b/events", [Server("a", 19092), Server("b", 9092)], "events"),
        ("kafka://[::1]:9/x", [Server("::1", 9)], "x"),
        ("kafka://a", [Server("a", 9092)], ""),
        (
            "eventhubs://n.servicebus.windows.net/hub",
            [Server("n.servicebus.windows.net", 9093)],
            "hub",
        ),
    ],
)
def test_a_url_names_servers_and_topic(url, servers, topic):
    assert parse_url(url) == (tuple(servers), topic)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("kafka://user:pass@a/t", "credentials"),
        ("kafka://a b/t", "a space"),
        ("kafka:///t", "a host is missing"),
        ("kafka://a:0/t", "1 to 65535"),
        ("kafka://a:99999/t", "1 to 65535"),
        ("kafka://a,,b/t", "a host is missing"),
        (f"kafka://a,{'b' * 64}/t", "no host has this name"),
        ("kafka://a?x=1/t", "a host is missing"),
        ("kafka:a/t", "kafka://host"),
        ("kafka://a", "no topic"),
        ("kafka://a/one/two", "letters, digits"),
        ("kafka://a/..", "letters, digits"),
        (f"kafka://a/{'t' * 250}", "letters, digits"),
        ("eventhubs://a", "no topic"),
    ],
)
def test_a_url_that_leads_nowhere_is_a_problem(url, what, secret):
    hub = EventHubsOptions(connection_string_file=secret)
    options = hub if url.startswith("eventhubs") else KafkaOptions()
    ((key, text),) = problems(url, options)
    assert key == "url"
    assert what in text
    assert "pass" not in text


def test_the_topic_may_be_a_key_instead_but_not_both():
    assert problems("kafka://a", KafkaOptions(topic="events")) == []
    ((key, what),) = problems("kafka://a/other", KafkaOptions(topic="events"))
    assert key == "topic"
    assert "remove one" in what


def test_a_password_never_goes_over_the_network_in_the_clear(secret):
    plain = {"username": "edge", "password_file": secret, "mechanism": "PLAIN"}
    ((key, what),) = problems("kafka://a/t", KafkaOptions(**plain))
    assert key == "mechanism"
    assert "tls = true" in what
    assert problems("kafka://a/t", KafkaOptions(tls=True, **plain)) == []


def test_a_user_needs_a_password_and_a_password_a_user(secret):
    assert [key for key, _ in problems("kafka://a/t", KafkaOptions(username="edge"))] == [
        "username"
    ]
    found = problems("kafka://a/t", KafkaOptions(password_file=secret))
    assert [key for key, _ in found] == ["password_file"]


@pytest.mark.parametrize("key", ["ca", "certificate", "key"])
def test_tls_files_without_tls_are_a_problem(key, secret):
    assert problems("kafka://a/t", KafkaOptions(**{key: secret})) == [
        (key, "unused; set tls = true")
    ]


def test_a_tls_file_that_cannot_be_read_is_a_problem():
    ((_, what),) = problems("kafka://a/t", KafkaOptions(tls=True, ca="/nowhere.pem"))
    assert "/nowhere.pem" in what


def test_event_hubs_need_a_connection_string_that_not_everybody_reads(secret, tmp_path):
    url = "eventhubs://ns/hub"
    assert problems(url, EventHubsOptions(connection_string_file=secret)) == []
    assert [key for key, _ in problems(url, EventHubsOptions())] == ["connection_string_file"]
    (tmp_path / "secret").chmod(0o644)
    found = problems(url, EventHubsOptions(connection_string_file=secret))
    assert [key for key, _ in found] == ["connection_string_file"]


def test_several_urls_are_a_problem_because_one_names_all_servers():
    plan = SinkPlan("bus", ("kafka://a/t", "kafka://b/t"), KafkaOptions())
    (problem,) = load_sink_type("kafka").check(plan)
    assert "write one URL" in problem.what


@pytest.mark.parametrize(
    ("options", "protocol"),
    [
        ({}, "PLAINTEXT"),
        ({"tls": True}, "SSL"),
        ({"username": "u"}, "SASL_PLAINTEXT"),
        ({"username": "u", "tls": True}, "SASL_SSL"),
    ],
)
def test_tls_and_user_choose_the_protocol(options, protocol):
    settings = client_settings(
        kafka_target(SinkPlan("k", ("kafka://a/t",), KafkaOptions(**options)))
    )
    assert settings["security.protocol"] == protocol
    assert ("sasl.mechanism" in settings) == ("username" in options)


def test_an_event_hub_is_a_topic_behind_tls_with_its_own_user_and_times(secret):
    options = EventHubsOptions(connection_string_file=secret)
    settings = client_settings(event_hubs_target(SinkPlan("e", ("eventhubs://ns/hub",), options)))
    assert settings["bootstrap.servers"] == "ns:9093"
    assert settings["security.protocol"] == "SASL_SSL"
    assert settings["sasl.mechanism"] == "PLAIN"
    assert settings["sasl.username"] == "$ConnectionString"
    assert settings["sasl.password"] == STRING
    assert settings["connections.max.idle.ms"] < 240_000  # which is when the service hangs up
    assert settings["request.timeout.ms"] >= 60_000


def test_settings_that_the_library_refuses_are_said_in_its_words_without_its_codes():
    error = KafkaException(KafkaError(KafkaError._INVALID_ARG, "ssl.ca.location failed"))
    found = str(refused_settings(error))
    assert found == "librdkafka refuses the settings: ssl.ca.location failed: correct them"
