"""Commands, reload, restart and notification, of the real program with a real broker."""

import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, SimpleQueue

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CONFIG = """
node = "shed"
[log]
commit_interval = "100ms"
[commands]
answer_topics = ["my/"]
allow = ["read", "diagnostics", "set", "acknowledge", "reload"]
[[device]]
name = "air"
driver = "sht4x"
every = "100ms"
[[device]]
name = "soil"
driver = "sht4x"
bus = 3
every = "100ms"
[[output]]
name = "fan"
pin = 22
[[rule]]
name = "warm"
when = "air.temperature > 10"
severity = "warning"
message = "it is warm"
set = { fan = "on" }
"""
SECONDS = 60


class User:
    """A user with an MQTT client; `arrived` gets (topic, payload, correlation)."""

    def __init__(self, port, version):
        self.arrived = SimpleQueue()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=version)
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _on_message(self, _client, _data, message):
        correlation = getattr(message.properties, "CorrelationData", None)
        self.arrived.put((message.topic, json.loads(message.payload), correlation))

    def ask(self, name, answers, properties=None, **arguments):
        """Send a command; return the last answer."""
        self.client.subscribe(answers, 1)
        payload = json.dumps(arguments)
        self.client.publish(f"edge/shed/command/{name}", payload, 1, properties=properties)
        while True:
            topic, answer, correlation = self.arrived.get(timeout=SECONDS)
            assert topic == answers
            if answer["state"] != "accepted":
                return answer, correlation


@pytest.fixture
def user(broker):
    users = []

    def make(version=paho.MQTTv5):
        users.append(User(broker.port, version))
        return users[-1]

    yield make
    for each in users:
        each.client.disconnect()
        each.client.loop_stop()


@pytest.fixture
def running(agent, broker, subscriber, wait_for):
    """A function: start an agent; it takes commands, as it says that it is online after that."""

    def make(config=CONFIG):
        process = agent(f"mqtt://127.0.0.1:{broker.port}", config).start()
        status = subscriber(broker.port, "edge/shed/status")
        wait_for(lambda: status)
        return process

    return make


def events(process, kind):
    found = (event for event in process.events() if event.kind == kind)
    return [(event.source, json.loads(event.data)) for event in found]


def test_mqtt_5_answers_go_where_the_request_says(running, user):
    running()
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic, properties.CorrelationData = "my/answers", b"seven"
    answer, correlation = user().ask("read", "my/answers", properties, device="soil")
    assert answer["result"]["values"].keys() == {"temperature", "humidity"}
    assert correlation == b"seven"


def test_mqtt_3_1_1_answers_go_below_the_command(running, user):
    running()
    answer, _ = user(paho.MQTTv311).ask("diagnostics", "edge/shed/command/diagnostics/response")
    assert "engine" in answer["result"]["threads"]


def test_a_command_that_is_not_allowed_has_no_effect(running, user, wait_for):
    process = running()
    wait_for(lambda: events(process, "alert"))
    answer, _ = user().ask("disable", "edge/shed/command/disable/response", rule="warm")
    assert answer["state"] == "refused"
    assert [data["state"] for _, data in events(process, "alert")] == ["firing"]


def test_a_reload_takes_what_is_new_and_loses_nothing(running, wait_for):
    process = running()
    wait_for(lambda: len(events(process, "reading")) > 20)
    changed = CONFIG.replace("> 10", "> 80").replace('"soil"', '"earth"').replace("= 3", "= 4")
    process.config.write_text(changed)
    process.send(signal.SIGHUP)
    wait_for(lambda: any(source == "earth" for source, _ in events(process, "reading")))
    assert process.says("reloaded; restarted i2c-3, i2c-4")
    assert [data["state"] for _, data in events(process, "alert")] == ["firing", "resolved"]
    assert events(process, "output")[-1][1]["value"] == 0
    offsets = process.offsets()
    assert offsets == list(range(1, len(offsets) + 1))
    assert process.stop() == 0


def test_an_invalid_configuration_is_refused_and_the_old_one_stays_in_force(
    running, user, wait_for
):
    process = running()
    process.config.write_text(CONFIG.replace("air.temperature", "air.temprature") + "colour = 1\n")
    answer, _ = user().ask("reload", "edge/shed/command/reload/response")
    assert answer["state"] == "failed"
    assert "did you mean 'air.temperature'?" in answer["reason"]
    assert "colour" in answer["reason"]
    before = len(events(process, "reading"))
    wait_for(lambda: len(events(process, "reading")) > before + 10)
    (refused,) = (d for _, d in events(process, "lifecycle") if d["what"] == "reload_refused")
    assert len(refused["problems"]) == 2


def test_another_broker_is_taken_by_a_reload(agent, mosquitto, subscriber, wait_for):
    one, other = mosquitto().start(), mosquitto().start()
    url = '{}[mqtt]\nurl = "mqtt://127.0.0.1:{}"\n'
    process = agent(None, url.format(CONFIG, one.port)).start()
    wait_for(lambda: process.says("connected to"))
    arrived = subscriber(other.port, "edge/shed/event/#")
    process.config.write_text(url.format(CONFIG, other.port))
    process.send(signal.SIGHUP)
    wait_for(lambda: len(arrived) > 20)
    assert process.stop() == 0


def test_after_sigkill_nothing_fires_twice_and_the_output_is_on_again(running, wait_for):
    process = running()
    wait_for(lambda: any(data["value"] for _, data in events(process, "output")))
    for _ in range(3):
        count = len(events(process, "reading"))
        process.kill()
        process.start()
        wait_for(lambda count=count: len(events(process, "reading")) > count + 5)
    assert [data["state"] for _, data in events(process, "alert")] == ["firing"]
    assert events(process, "output")[-1][1] == {"value": 1.0, "by": "warm"}


@pytest.mark.parametrize(
    "chosen, value, by",
    [
        ("keep", 0.0, "command"),
        ("safe", 1.0, "safe"),
        ("on", 1.0, "safe"),
        ("off", 0.0, "at_start"),
    ],
)
def test_after_sigkill_an_output_is_as_chosen(running, user, wait_for, chosen, value, by):
    lamp = f'[[output]]\nname = "lamp"\npin = 23\nsafe = "on"\nat_start = "{chosen}"\n[[rule]]'
    process = running(CONFIG.replace("[[rule]]", lamp))

    def set_to():
        return [data for output, data in events(process, "output") if output == "lamp"]

    user(paho.MQTTv311).ask("set", "edge/shed/command/set/response", output="lamp", value="off")
    wait_for(lambda: {"value": 0.0, "by": "command"} in set_to())
    before = len(set_to())
    process.kill()
    process.start()
    wait_for(lambda: len(set_to()) > before)
    assert set_to()[-1] == {"value": value, "by": by}


class Service:
    """A web service that is down at first, and takes what Apprise's json:// sends later."""

    def __init__(self):
        self.taken, self.status = SimpleQueue(), 503
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if service.status == 200:
                    service.taken.put(json.loads(body))
                self.send_response(service.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def service():
    found = Service()
    yield found
    found.server.shutdown()
    found.server.server_close()
    found.thread.join()


def test_a_notification_waits_for_its_service_and_comes_once(running, service, wait_for):
    url = f"json://127.0.0.1:{service.server.server_port}"
    process = running(CONFIG + f'[[notify]]\nname = "phone"\nurl = "{url}"\n')
    wait_for(lambda: process.says("events wait in the log"))
    service.status = 200
    message = service.taken.get(timeout=SECONDS)
    assert message["title"] == "shed: warm firing (warning)"
    assert message["message"].startswith("it is warm")
    assert process.stop() == 0
    with pytest.raises(Empty):
        service.taken.get_nowait()


def test_a_metered_link_carries_aggregates_instead_of_readings(agent, broker, subscriber, wait_for):
    arrived = subscriber(broker.port, "edge/shed/#")
    metered = f'[mqtt]\nurl = "mqtt://127.0.0.1:{broker.port}"\npublish = "aggregates"\n'
    process = agent(None, CONFIG + metered + '[aggregates]\nwindows = ["1m"]\n').start()
    wait_for(lambda: process.says("connected to") and len(events(process, "reading")) > 20)
    assert process.stop() == 0
    wait_for(lambda: any("/status" in topic and b"off" in body for topic, body, _ in arrived))
    topics = {topic for topic, _, _ in arrived}
    assert not any("/event/reading/" in topic or "/state/" in topic for topic in topics)
    bodies = [json.loads(b) for t, b, _ in arrived if t == "edge/shed/event/aggregate/air"]
    counted = sum(body["data"]["values"]["temperature"]["count"] for body in bodies)
    assert counted == sum(source == "air" for source, _ in events(process, "reading"))
    assert process.waiting() == 0


def test_a_configuration_is_read_and_replaced_from_afar(running, user):
    config = CONFIG.replace('"reload"]', '"reload", "config"]')
    process = running(config)
    one, answers = user(), "edge/shed/command/config/response"
    got, _ = one.ask("config", answers)
    assert got["result"]["text"] == process.config.read_text()
    changed = config.replace("it is warm", "it is very warm")
    done, _ = one.ask("config", answers, action="set", text=changed)
    assert done["state"] == "done", done
    assert process.config.read_text() == changed
    refused, _ = one.ask("config", answers, action="set", text="colour = 1")
    assert refused["state"] == "failed"
    assert process.config.read_text() == changed
    texts = [json.dumps(data) for _, data in events(process, "command")]
    assert not any("very warm" in text for text in texts)


def test_the_configuration_is_out_of_reach_unless_that_is_allowed(running, user):
    running()
    answer, _ = user().ask("config", "edge/shed/command/config/response")
    assert answer["state"] == "refused"
    assert "not in commands.allow" in answer["reason"]
