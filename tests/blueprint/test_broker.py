import pytest

from edge_agent.blueprint.broker import resolve_broker
from edge_agent.config.config import Config
from edge_agent.config.mqtt import MqttSettings
from edge_agent.deliver.mqtt.address import Address
from edge_agent.problems import Problems


@pytest.fixture
def resolved():
    """A function: draw the broker of `[mqtt]` keys; return it with the problems."""

    def draw(**keys):
        problems = Problems("config.toml")
        return resolve_broker(
            Config(node="shed", mqtt=MqttSettings(**keys)), problems
        ), problems.lines

    return draw


def test_several_urls_are_tried_in_their_order(resolved):
    broker, problems = resolved(url=("mqtt://near", "mqtt://far:1884"))
    assert problems == []
    assert broker.addresses == (Address("near", 1883, False), Address("far", 1884, False))


@pytest.mark.parametrize(("client_id", "used"), [("", "edge-shed"), ("mine", "mine")])
def test_the_client_id_is_the_nodes_unless_it_is_given(resolved, client_id, used):
    assert resolved(client_id=client_id)[0].client_id == used


def test_a_password_comes_from_a_file_without_its_last_newline(resolved, tmp_path):
    (tmp_path / "password").write_text(" s3cret with spaces \r\n")
    broker, problems = resolved(username="me", password_file=str(tmp_path / "password"))
    assert (broker.password, problems) == (" s3cret with spaces ", [])


def test_a_password_comes_from_systemds_credentials(resolved, tmp_path, monkeypatch):
    (tmp_path / "mqtt-password").write_text("s3cret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert resolved(password_file="$CREDENTIALS_DIRECTORY/mqtt-password")[0].password == "s3cret"


def test_a_password_comes_from_the_environment(resolved, monkeypatch):
    monkeypatch.setenv("MQTT_PASSWORD", "s3cret")
    assert resolved(password_env="MQTT_PASSWORD")[0].password == "s3cret"


def test_an_environment_variable_that_is_not_set_is_a_problem(resolved, monkeypatch):
    monkeypatch.delenv("MQTT_PASSWORD", raising=False)
    (line,) = resolved(password_env="MQTT_PASSWORD")[1]
    assert 'mqtt.password_env = "MQTT_PASSWORD": not set in the environment' in line


def test_a_certificate_without_mqtts_is_a_problem(resolved):
    (line,) = resolved(url="mqtt://host", ca="ca.pem")[1]
    assert "unused; write mqtts:// in url" in line


def test_no_url_at_all_is_a_problem(resolved):
    broker, (line,) = resolved(url=())
    assert broker is None
    assert "write at least one" in line
