import pytest

from edge_agent.deliver.amqp.address import AmqpAddress, parse_url
from edge_agent.deliver.amqp.check import check
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.sink import SinkPlan


def problems(url="amqp://host", **options):
    urls = (url,) if isinstance(url, str) else url
    return {key: what for key, _, what in check(SinkPlan("rabbit", urls, AmqpOptions(**options)))}


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("amqp://rabbit.lan", AmqpAddress("rabbit.lan", 5672, "/", tls=False)),
        ("amqp://rabbit.lan/", AmqpAddress("rabbit.lan", 5672, "/", tls=False)),
        ("amqp://rabbit.lan:5700/farm", AmqpAddress("rabbit.lan", 5700, "farm", tls=False)),
        ("amqp://rabbit.lan/%2F", AmqpAddress("rabbit.lan", 5672, "/", tls=False)),
        ("amqp://rabbit.lan/a%2Fb%20c", AmqpAddress("rabbit.lan", 5672, "a/b c", tls=False)),
        ("amqps://[::1]/farm", AmqpAddress("::1", 5671, "farm", tls=True)),
    ],
)
def test_a_url_names_host_port_and_virtual_host(url, address):
    assert parse_url(url) == address


def test_an_ipv6_address_is_shown_in_brackets():
    assert str(parse_url("amqps://[::1]/pi")) == "[::1]:5671"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("amqp://user:secret@host", "credentials do not belong"),
        ("amqp://ho st", "a space"),
        ("http://host", "write amqp:// or amqps://"),
        ("amqp://", "there is no host"),
        ("amqp://a..b", "no host has this name"),
        ("amqp://host:0", "the port must be"),
        ("amqp://host:66000", "the port must be"),
        ("amqp://host/a/b", "write %2F"),
        ("amqp://host/a?heartbeat=5", "ends after the virtual host"),
        (f"amqp://host/{'v' * 256}", "more than 255 bytes"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url, what):
    assert what in problems(url)["url"]


def test_a_password_in_a_url_is_not_shown():
    plan = SinkPlan("rabbit", ("amqp://user:secret@host",), AmqpOptions())
    assert "secret" not in str(list(check(plan)))


def test_a_plan_needs_a_broker():
    assert "write at least one" in problems(())["url"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"exchange": "amq.topic", "declare": False},
        {"routing_key": "{node}.{source}"},
        {"routing_key": "constant"},
        {"routing_key": "k" * 184 + "{source}"},
        {"queue": "events", "queue_type": "stream"},
        {"content": "binary"},
    ],
)
def test_these_options_have_no_problem(options):
    assert problems(**options) == {}


@pytest.mark.parametrize(
    ("options", "key", "what"),
    [
        ({"queue": "q", "exchange": "x"}, "exchange", "unused, because queue is set"),
        ({"queue": "q", "routing_key": "k"}, "routing_key", "unused, because queue is set"),
        ({"queue_type": "stream"}, "queue_type", "unused without queue"),
        ({"queue": "q" * 256}, "queue", "longer than 255 bytes"),
        ({"exchange": "ä" * 128}, "exchange", "longer than 255 bytes"),
        ({"queue": "amq.mine"}, "queue", "the broker's own"),
        ({"routing_key": "{room}"}, "routing_key", "use {node}, {kind}, {source}"),
        ({"routing_key": "{}"}, "routing_key", "use {node}, {kind}, {source}"),
        ({"routing_key": "{node.__class__}"}, "routing_key", "is unknown"),
        ({"routing_key": "{node!r}"}, "routing_key", "is unknown"),
        ({"routing_key": "{node"}, "routing_key", "write {{ and }} for braces"),
        ({"routing_key": "k" * 256}, "routing_key", "256 bytes with the longest names"),
        (
            {"routing_key": "k" * 185 + "{source}"},
            "routing_key",
            "256 bytes with the longest names",
        ),
        ({"password_env": "EDGE_AGENT_NONE"}, "password_env", "not set in the environment"),
        ({"ca": "ca.pem"}, "ca", "write amqps:// in url"),
    ],
)
def test_what_is_wrong_with_an_option_is_said(options, key, what):
    assert what in problems(**options)[key]


def test_a_ca_that_cannot_be_read_is_a_problem():
    assert "no-such.pem" in str(problems("amqps://host", ca="no-such.pem"))
