"""A secret that stands where a path or a name should be is in no message."""

import pytest

from consumers.alerts.notify.targets import problems_of
from consumers.alerts.settings import FleetNotifySettings
from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from edge_agent.errors import AgentError

SECRETS = ["s3cret", "/s3cret+4Q=="]
QUEUE = "sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/q"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("kafka://127.0.0.1:1/t", "password_file"),
        ("kafka://127.0.0.1:1/t", "password_env"),
        ("eventhubs://127.0.0.1:1/t", "password_file"),
        ("amqp://127.0.0.1:1/q", "password_file"),
        ("amqp://127.0.0.1:1/q", "password_env"),
        ("amqps://127.0.0.1:1/q", "key"),
        ("mqtt://127.0.0.1:1", "password_file"),
        ("mqtt://127.0.0.1:1", "password_env"),
        ("mqtts://127.0.0.1:1", "key"),
        (QUEUE, "password_file"),
        (f"{QUEUE}?credentials_file=s3cret", "ca"),
    ],
)
def test_a_secret_in_the_wrong_place_of_a_source_is_not_shown(url, key, secret):
    plan = SourcePlan(url=url, username="me", **{key: secret})
    with pytest.raises(AgentError) as caught:
        source_of(plan).open()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("key", ["url_file", "token_file"])
def test_a_secret_in_the_wrong_place_of_a_notification_is_not_shown(key, secret):
    url = {} if key == "url_file" else {"url": "https://127.0.0.1:1"}
    settings = FleetNotifySettings(name="a", format="webhook", **url, **{key: secret})
    said = " ".join(f"{one.key}: {one.what}" for one in problems_of(settings))
    assert key == "token_file" or "url_file: No such file" in said
    assert "s3cret" not in said
