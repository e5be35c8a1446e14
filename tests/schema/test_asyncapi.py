"""The AsyncAPI document of a node: what it publishes fits what the document says."""

import json
import math

import jsonschema
import pytest

from edge_agent.blueprint import resolve
from edge_agent.blueprint.description import describe
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.mqtt.state import LiveState, LiveTopics
from edge_agent.deliver.sink import About, SelfReport, SinkBacklog
from edge_agent.events import Alert, LoggedEvent, Moment, Reading, Switched
from edge_agent.schema.asyncapi import document
from edge_agent.schema.avro import record_schema, written

CONFIG = """
node = "shed"
[mqtt]
url = ["mqtts://u.example:8884", "mqtt://b.example"]
username = "agent"
[commands]
allow = ["read", "set", "acknowledge"]
[aggregates]
windows = ["15m"]
[home_assistant]
enabled = true
[[device]]
name = "air"
driver = "sht4x"
address = 0x44
[device.channel.humidity]
low = 5
scale = 2.0
[[output]]
name = "fan"
driver = "relay"
pin = 22
[[rule]]
name = "warm"
when = "air.temperature > 30"
[[sink]]
name = "archive"
url = "file:///tmp/events.jsonl"
"""
KAFKA = """
[[sink]]
name = "bus"
url = "kafka://k1.example:9093,k2.example:9093/events"
kinds = ["alert"]
"""
NOW = Moment(1_764_240_000_000_000, 0, True)


def documented(tmp_path, text=CONFIG):
    file = tmp_path / "shed.toml"
    file.write_text(text)
    return document(describe(resolve(file)))


@pytest.fixture
def shed(tmp_path):
    return documented(tmp_path)


def found(document, reference):
    """What a reference within the document leads to."""
    part = document
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return found(document, part["$ref"]) if "$ref" in part else part


def complaints(document, key, value):
    """What is wrong with a message of a channel, in the words of jsonschema."""
    (message,) = document["channels"][key]["messages"]
    payload = found(document, f"#/channels/{key}/messages/{message}")["payload"]
    schema = {**payload, "components": document["components"]}
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(value)]


def event(kind, source, **data):
    logged = LoggedEvent(7, NOW.time, None, None, kind, source, json.dumps(data))
    return json.loads(Envelope("shed", "log").encode(logged))


def references(part):
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        part = list(part.values())
    for one in part if isinstance(part, list) else ():
        yield from references(one)


def test_every_reference_leads_somewhere(shed):
    assert all(found(shed, reference) for reference in references(shed))


def test_channels_have_the_addresses_at_which_the_agent_publishes(shed):
    addresses = {channel["address"] for channel in shed["channels"].values()}
    assert {
        "edge/shed/status",
        "edge/shed/info",
        "edge/shed/event/reading/air",
        "edge/shed/event/aggregate/air",
        "edge/shed/event/alert/warm",
        "edge/shed/event/alert/output-fan",
        "edge/shed/event/output/fan",
        "edge/shed/event/gap/log",
        "edge/shed/event/lifecycle/agent",
        "edge/shed/state/air",
        "edge/shed/alert/warm",
        "edge/shed/alert/output-fan",
        "edge/shed/diagnostics",
        "edge/shed/output/fan",
        "edge/shed/command/set",
        "edge/shed/command/set/response",
    } <= addresses


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("event.reading.air", event("reading", "air", values={"temperature": 20}, quality="good")),
        ("event.gap.log", event("gap", "log", reason="max_size", count=1, ranges=[[1, 2]])),
        ("event.output.fan", event("output", "fan", value=1.0, by="warm")),
        ("event.command.set", event("command", "set", state="done", arguments={"output": "fan"})),
        ("command.set", {"output": "fan", "value": "on", "for": 60}),
        ("command.read", {"device": "air", "id": "1"}),
        ("command.set.response", {"command": "set", "id": "", "state": "done"}),
        ("status", "online"),
        ("diagnostics", {"sinks": {"mqtt": {"waiting": 0, "delivered": None}}, "clock_set": True}),
        ("diagnostics", {"quality": "pending"}),
    ],
)
def test_a_right_message_fits_its_channel(shed, key, value):
    assert complaints(shed, key, value) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("event.reading.air", event("reading", "air", values={"temperature": 126}, quality="good")),
        ("event.reading.air", event("reading", "air", values={"humidity": 4}, quality="good")),
        ("event.reading.air", event("reading", "soil", values={}, quality="good")),
        ("event.reading.air", event("alert", "air", values={}, quality="good")),
        ("event.gap.log", event("gap", "log", reason="max_size", count=1, ranges=[[1, 2, 3]])),
        ("event.output.fan", event("output", "fan", value=1.5, by="warm")),
        ("command.set", {"output": "pump", "value": "on"}),
        ("command.set", {"output": "fan", "value": "on", "colour": "red"}),
        ("command.acknowledge", {"rule": "cold"}),
        ("status", "away"),
        ("diagnostics", {"sinks": {"mqtt": {"waiting": -1, "delivered": None}}, "clock_set": True}),
        ("diagnostics", {"sinks": {}}),
    ],
)
def test_a_wrong_message_does_not_fit_its_channel(shed, key, value):
    assert complaints(shed, key, value) != []


def test_units_ranges_and_quantities_are_those_of_the_configuration(shed):
    payload = shed["components"]["messages"]["event.reading.air"]["payload"]
    data = payload["allOf"][1]["properties"]["data"]
    values = data["allOf"][1]["properties"]["values"]["properties"]
    assert values["temperature"] == {
        "type": "number",
        "description": "temperature in °C",
        "x-quantity": "temperature",
        "x-unit": "°C",
        "minimum": -40,
        "maximum": 125,
    }
    assert values["humidity"]["minimum"] == 5
    assert "maximum" not in values["humidity"]  # it is converted: the datasheet's does not count


class Session:
    """A connection that keeps what is published, as a broker would."""

    room = 100
    max_packet = math.inf

    def __init__(self):
        self.published = {}

    def congested(self):
        return False

    def fits(self, *_):
        return True

    def publish(self, topic, payload, *, retain):
        self.published[topic] = payload, retain

    def show(self, topic, payload):
        self.published[topic] = payload, False


@pytest.fixture
def published():
    """What the agent's own live state publishes, by topic."""
    topics = LiveTopics("edge/shed", "mqtt", retained=True)
    state = LiveState(topics, About(b'{"version":"1","log":"l","devices":{}}'))
    state.take(Reading("air", NOW, {"temperature": 20.5}))
    state.take(Alert("warm", "firing", NOW, "warning", {}, "warm", acknowledged=True))
    state.take(Switched("fan", 0.5, "warm", NOW, "no acknowledge"))
    sinks = {"mqtt": SinkBacklog(3, NOW.time), "archive": SinkBacklog(0, None)}
    state.take(SelfReport(sinks, clock_set=True))
    session = Session()
    state.send(session)
    return session.published


def test_live_state_fits_the_channel_of_its_topic(shed, published):
    keys = {channel["address"]: key for key, channel in shed["channels"].items()}
    assert len(published) == 5
    for topic, (payload, _) in published.items():
        assert complaints(shed, keys[topic], json.loads(payload)) == []


def test_live_state_is_retained_where_the_document_says_so(shed, published):
    keys = {channel["address"]: key for key, channel in shed["channels"].items()}
    for topic, (_, retained) in published.items():
        bindings = shed["operations"][f"send.{keys[topic]}"]["bindings"]
        assert bindings["mqtt"]["retain"] == retained


def test_a_device_without_value_fits_its_channel(shed):
    assert complaints(shed, "state.air", {"quality": "no_acknowledge"}) == []


def test_a_command_is_received_and_its_answer_sent(shed):
    operation = shed["operations"]["receive.command.set"]
    assert operation["action"] == "receive"
    assert operation["reply"]["channel"] == {"$ref": "#/channels/command.set.response"}
    assert "send.command.set.response" not in shed["operations"]


def test_servers_are_hosts_without_what_may_be_a_secret(shed):
    assert shed["servers"] == {
        "mqtt": {
            "host": "u.example:8884",
            "protocol": "secure-mqtt",
            "security": [{"$ref": "#/components/securitySchemes/login"}],
        },
        "mqtt-2": {
            "host": "b.example",
            "protocol": "mqtt",
            "security": [{"$ref": "#/components/securitySchemes/login"}],
        },
    }
    assert "agent" not in json.dumps(shed["servers"])
    assert "archive" not in json.dumps(shed)  # a file is on no server


def test_another_bus_has_one_channel_with_the_kinds_that_it_gets(tmp_path):
    shed = documented(tmp_path, CONFIG + KAFKA)
    channel = shed["channels"]["sink.bus"]
    assert channel["address"] is None
    assert channel["servers"] == [{"$ref": "#/servers/bus"}, {"$ref": "#/servers/bus-2"}]
    assert shed["servers"]["bus-2"] == {"host": "k2.example:9093", "protocol": "kafka"}
    assert channel["messages"].keys() == {"event.alert.warm", "event.alert.output-fan"}


def messages_of(document, key):
    """The messages of a channel, by their keys."""
    found_keys = document["channels"][key]["messages"]
    return {one: document["components"]["messages"][one] for one in found_keys}


def test_in_binary_mode_a_message_is_the_data_alone(tmp_path):
    shed = documented(tmp_path, CONFIG + KAFKA + 'content = "binary"')
    message = messages_of(shed, "sink.bus")["binary.event.alert.warm"]
    assert message["contentType"] == "application/json"
    assert message["payload"] == {"$ref": "#/components/schemas/AlertV1"}


def test_in_avro_a_message_has_the_schema_of_its_record(tmp_path):
    shed = documented(tmp_path, CONFIG + KAFKA + 'format = "avro"')
    (message,) = messages_of(shed, "sink.bus").values()
    assert message["contentType"] == "application/avro"
    assert message["payload"]["schema"] == record_schema(written("alert"))


def test_a_web_server_gets_arrays_where_batches_are_configured(tmp_path):
    web = '[[sink]]\nname = "web"\nurl = "https://w.example/secret"\nkinds = ["gap"]\nmax_batch = 5'
    shed = documented(tmp_path, f"{CONFIG}\n{web}")
    (message,) = messages_of(shed, "sink.web").values()
    assert message["payload"]["type"] == "array"
    assert shed["servers"]["web"] == {"host": "w.example", "protocol": "https"}
    assert "secret" not in json.dumps(shed)


def test_two_brokers_with_batches_have_a_channel_each(tmp_path):
    text = CONFIG.replace('username = "agent"', 'username = "agent"\nmax_batch = 10')
    far = '[[sink]]\nname = "far"\nurl = "mqtt://f.example"\nkinds = ["alert"]\nmax_batch = 5'
    shed = documented(tmp_path, f"{text}\n{far}")
    addresses = [shed["channels"][key]["address"] for key in ("batch.mqtt", "batch.far")]
    assert addresses == ["edge/shed/batch", "edge/shed/batch"]
    readings = [event("reading", "air", values={"temperature": 20}, quality="good")]
    assert complaints(shed, "batch.far", readings) != []


def test_with_batches_events_have_one_channel(tmp_path):
    text = CONFIG.replace('username = "agent"', 'username = "agent"\nmax_batch = 10')
    shed = documented(tmp_path, text)
    readings = [event("reading", "air", values={"temperature": 20}, quality="good")]
    assert "event.reading.air" not in shed["channels"]
    assert complaints(shed, "batch.mqtt", readings) == []
    assert complaints(shed, "batch.mqtt", []) != []


def test_what_a_node_does_not_publish_has_no_channel(tmp_path):
    text = CONFIG.replace('username = "agent"', 'username = "agent"\npublish = "aggregates"')
    text = text.replace('allow = ["read", "set", "acknowledge"]', "allow = []")
    text = text.replace("enabled = true", "enabled = false")
    keys = documented(tmp_path, text)["channels"].keys()
    assert not [key for key in keys if key.startswith(("event.reading", "state.", "command."))]


def test_the_same_configuration_gives_the_same_document(tmp_path):
    assert json.dumps(documented(tmp_path)) == json.dumps(documented(tmp_path))


def test_without_home_assistant_there_are_no_diagnostics(tmp_path):
    text = CONFIG.replace("enabled = true", "enabled = false")
    assert "diagnostics" not in documented(tmp_path, text)["channels"]


def test_topics_that_begin_otherwise_have_addresses_of_their_own(tmp_path):
    cloud = '[[sink]]\nname = "cloud"\nurl = "mqtt://c.example"\ntopic = "{node}/raw"\n'
    text = CONFIG.replace('username = "agent"', 'username = "agent"\ntopic = "site/{node}/v1"')
    found = documented(tmp_path, text + cloud)["channels"]
    assert found["event.reading.air"]["address"] == "site/shed/v1/event/reading/air"
    assert found["command.set"]["address"] == "site/shed/v1/command/set"
    assert found["cloud.event.reading.air"]["address"] == "shed/raw/event/reading/air"
    assert found["cloud.event.reading.air"]["servers"] == [{"$ref": "#/servers/cloud"}]
    addresses = [one["address"] for one in found.values() if one["address"]]
    assert not [one for one in addresses if one.startswith("edge/")]
