"""The profiles of cloud services: the real sink through a gate that is as strict as the service."""

import base64
import re
import socket
import ssl
import threading
from contextlib import suppress

import paho.mqtt.client as paho
import pytest
from lab.destinations import SubscribedBroker, persistent_mosquitto
from lab.mqtt_gate import AwsIot, AzureIotHub, EventGrid, Gate
from lab.waiting import eventually

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.mqtt import connection, receiver
from edge_agent.deliver.mqtt.address import Address, Broker
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.profiles import azure_iot_hub
from edge_agent.deliver.mqtt.receiver import BoundedReceiver
from edge_agent.deliver.mqtt.sink import SINK
from edge_agent.deliver.sink import About, SinkContext, SinkPlan
from edge_agent.errors import SinkUnavailable
from edge_agent.testing import SinkContract

DEVICE_KEY = base64.b64encode(b"k" * 32).decode()
DEVICE = "pi-7.greenhouse"
# By `openssl dgst -sha256 -hmac`, apart from our code.
EXPECTED = (
    "SharedAccessSignature sr=hub.azure-devices.net%2Fdevices%2Fpi"
    "&sig=69C7JedK0M8CgmZ94hg3%2Fh8KpLKxg8lEvsg6j7vFAWk%3D&se=1800000000"
)


def aws_iot(certificates, _directory):
    return {"profile": "aws-iot", "catch_up": 50, **client_files(certificates)}, AwsIot()


def event_grid(certificates, _directory):
    options = {"profile": "event-grid", "versions": (5,), "retained": False}
    options |= {"username": "greenhouse-authn", **client_files(certificates)}
    return options, EventGrid()


def azure(certificates, directory):
    key = directory / "device key"
    key.write_text(DEVICE_KEY + "\n")
    key.chmod(0o640)
    options = {"profile": "azure-iot-hub", "versions": (4,), "retained": False}
    options |= {"client_id": DEVICE, "password_file": str(key), "ca": str(certificates / "ca.pem")}
    return options, AzureIotHub("127.0.0.1", DEVICE, DEVICE_KEY)


SERVICES = {"aws-iot": aws_iot, "event-grid": event_grid, "azure-iot-hub": azure}


def client_files(certificates):
    names = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    return {key: str(certificates / name) for key, name in names.items()}


class GatedDestination(SubscribedBroker):
    """A real mosquitto behind a gate; its subscriber passes by the gate."""

    def __init__(self, directory, options, service, certificates, max_batch):
        super().__init__(persistent_mosquitto(directory))
        self.gate = Gate(self.server.port, service, certificates)
        self._options, self._max_batch = MqttOptions(**options), max_batch

    def plan(self):
        return SinkPlan("cloud", (self.gate.url,), self._options, max_batch=self._max_batch)

    def topics(self):
        return [topic for topic, _, _ in list(self.subscriber.received)]

    def close(self):
        self.gate.close()
        super().close()


@pytest.fixture
def gated(tmp_path, certificates):
    made = []

    def make(name, max_batch=1):
        options, service = SERVICES[name](certificates, tmp_path)
        made.append(GatedDestination(tmp_path, options, service, certificates, max_batch))
        return made[-1]

    yield make
    for each in made:
        each.close()


class TestProfiles(SinkContract):
    @pytest.fixture(params=SERVICES)
    def destination(self, request, gated):
        destination = gated(request.param)
        yield destination
        assert destination.gate.violations == []


def run(plan, trusted=lambda: True, live=True):
    """Build and open a sink, as `[mqtt]` with live state unless a test says otherwise."""
    about = About(b"{}", frozenset({"alert/old"}))
    apart = SinkContext.apart("greenhouse", "log")
    context = apart._replace(about=about, died=pytest.fail, trusted=trusted)
    sink = SINK.build(plan._replace(live=live, commands=live), context)
    sink.open()
    return sink


def deliver_all(sink, batch):
    while batch:
        with suppress(SinkUnavailable):
            batch = batch[sink.deliver(batch) :]


@pytest.mark.parametrize("name", ["aws-iot", "event-grid"])
@pytest.mark.parametrize("max_batch", [1, 50])
def test_events_live_state_and_commands_pass_the_gate(gated, events, name, max_batch):
    destination = gated(name, max_batch)
    sink = run(destination.plan())
    deliver_all(sink, events(300))
    destination.wait_for(lambda: len(destination.received()) >= 300)
    destination.wait_for(lambda: "edge/greenhouse/info" in destination.topics())
    sink.close()
    assert destination.gate.violations == []


@pytest.mark.parametrize("max_batch", [1, 50])
def test_a_hub_gets_events_on_its_one_topic(gated, events, max_batch):
    destination = gated("azure-iot-hub", max_batch)
    sink = run(destination.plan(), live=False)
    deliver_all(sink, events(100))
    destination.wait_for(lambda: len(destination.received()) >= 100)
    sink.close()
    assert destination.gate.violations == []
    json_body = f"devices/{DEVICE}/messages/events/$.ct=application%2Fjson&$.ce=utf-8"
    properties = "&type=edge.reading.v1&subject=air" if max_batch == 1 else ""
    assert set(destination.topics()) == {json_body + properties}


def test_a_token_is_renewed_before_it_ends(gated, events, monkeypatch):
    monkeypatch.setattr(azure_iot_hub, "LIFETIME", 3.0)
    monkeypatch.setattr(azure_iot_hub, "RENEWED_AFTER", 0.1)
    monkeypatch.setattr(connection, "LASTING_SECONDS", 0.1)  # else the agent believes in a fault
    destination = gated("azure-iot-hub")
    ends, count = destination.gate._service.ends, 0
    sink = run(destination.plan(), live=False)
    while len(ends) < 5:
        count += 20
        deliver_all(sink, events(20, count - 19))
    destination.wait_for(lambda: len(destination.received()) >= count)
    sink.close()
    assert destination.gate.violations == []
    offsets = [got.offset for got in destination.received()]
    assert offsets == list(range(1, count + 1)), "a renewal repeats nothing"


def test_no_token_is_made_before_the_clock_is_set(gated, events):
    destination, clock = gated("azure-iot-hub"), threading.Event()
    sink = run(destination.plan(), trusted=clock.is_set, live=False)
    eventually(lambda: "the clock is not set yet" in failure(sink, events(1)))
    assert destination.gate._service.ends == []
    clock.set()
    deliver_all(sink, events(1))
    sink.close()
    assert destination.gate.violations == []


def failure(sink, batch):
    with pytest.raises(SinkUnavailable) as caught:
        sink.deliver(batch)
    return str(caught.value)


def test_a_device_with_a_certificate_needs_no_token(certificates):
    files = TlsFiles("ca.pem", "client.pem", "client.key")
    broker = Broker((Address("hub.azure-devices.net", 8883, tls=True),), DEVICE, tls=files)
    named = azure_iot_hub.log_in(broker, lambda: True)
    assert named.username == f"hub.azure-devices.net/{DEVICE}/?api-version=2021-04-12"
    assert (named.token, named.renew_after) == (None, float("inf"))


def test_a_replay_is_the_same_device_so_that_the_running_agent_claims_it():
    options = MqttOptions(profile="azure-iot-hub", client_id=DEVICE)
    plan = SinkPlan("hub", ("mqtts://hub",), options)
    replay = plan._replace(aside="replay")
    assert list(SINK.claims(replay, "n")) == list(SINK.claims(plan, "n"))
    other = plan._replace(options=MqttOptions(client_id=DEVICE))
    assert list(SINK.claims(other._replace(aside="replay"), "n")) != list(SINK.claims(other, "n"))


def test_a_token_is_what_the_hub_documents():
    token = azure_iot_hub.shared_access_signature(
        b"k" * 32, "hub.azure-devices.net/devices/pi", 1_800_000_000
    )
    assert token == EXPECTED


@pytest.mark.parametrize("port, protocol", [("listens", "x-amzn-mqtt-ca"), ("other", None)])
def test_tls_names_the_protocol_at_port_443_only(certificates, monkeypatch, port, protocol):
    server = socket.create_server(("127.0.0.1", 0))
    number = server.getsockname()[1]
    monkeypatch.setattr(receiver, "HTTPS", number if port == "listens" else 443)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.set_alpn_protocols(["x-amzn-mqtt-ca"])
    chosen = []
    thread = threading.Thread(target=accept, args=(server, context, chosen))
    thread.start()
    address = Address("127.0.0.1", number, tls=True)
    broker = Broker((address,), "pi", tls=TlsFiles(str(certificates / "ca.pem")))
    client = BoundedReceiver("pi", 5, largest=100, window=1, clean=True)
    client.authenticate(broker._replace(protocol_at_443="x-amzn-mqtt-ca"), address)
    client.connect("127.0.0.1", number)
    client.socket().close()
    thread.join()
    server.close()
    assert chosen == [protocol]


def accept(server, context, chosen):
    with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as one:
        chosen.append(one.selected_alpn_protocol())


FILES = {"certificate": "c.pem", "key": "k.pem"}
WRONG = [
    ("aws-iot", {"url": "mqtt://h"}, "url", "AWS IoT Core needs TLS; write mqtts://"),
    ("aws-iot", {"catch_up": 500}, "catch_up", "takes 100 messages a second"),
    ("aws-iot", {"catch_up": 0}, "catch_up", "as in catch_up = 50"),
    ("aws-iot", {"certificate": "", "key": ""}, "certificate", "set certificate and key"),
    ("aws-iot", {"username": "u"}, "username", "takes no user name beside a certificate"),
    ("event-grid", {"versions": (5, 4)}, "versions", "MQTT 5; write versions = [5]"),
    ("event-grid", {"retained": True}, "retained", "takes no retained messages"),
    ("event-grid", {"username": ""}, "username", "the client's authentication name"),
    ("event-grid", {"url": "mqtts://h:443"}, "url", "no MQTT without WebSockets"),
    ("event-grid", {"password_env": "KEY"}, "password_env", "leave the password out"),
    ("azure-iot-hub", {"versions": (5,)}, "versions", "MQTT 3.1.1; write versions = [4]"),
    ("azure-iot-hub", {"retained": True}, "retained", "takes no retained messages"),
    ("azure-iot-hub", {"client_id": ""}, "client_id", "the device's id in the hub"),
    ("azure-iot-hub", {"client_id": "a/b"}, "client_id", "the device's id in the hub"),
    ("azure-iot-hub", {"username": "u"}, "username", "leave it out"),
    ("azure-iot-hub", {"url": ("mqtts://a", "mqtts://b")}, "url", "a hub has one address"),
    ("azure-iot-hub", {"password_env": ""}, "password_file", "a file with the device's key"),
    ("azure-iot-hub", {"password_env": "STRING"}, "password_env", "not a connection string"),
    ("azure-iot-hub", {"commands": True}, "", "no topics for commands"),
]
RIGHT = {
    "aws-iot": {"catch_up": 50, **FILES},
    "event-grid": {"versions": (5,), "retained": False, "username": "u", **FILES},
    "azure-iot-hub": {
        "versions": (4,),
        "retained": False,
        "client_id": DEVICE,
        "password_env": "KEY",
    },
}


def problems(profile, url="mqtts://h", commands=False, **options):
    options = RIGHT[profile] | options
    if options.get("certificate"):
        options |= FILES
    urls = (url,) if isinstance(url, str) else url
    plan = SinkPlan("cloud", urls, MqttOptions(profile=profile, **options), commands=commands)
    return [one for one in SINK.check(plan) if "PEM file" not in one.what]


@pytest.mark.parametrize("profile", RIGHT)
def test_check_finds_nothing_wrong_with_what_a_service_takes(profile, monkeypatch):
    monkeypatch.setenv("KEY", DEVICE_KEY)
    assert problems(profile) == []


@pytest.mark.parametrize("profile, change, key, what", WRONG)
def test_check_finds_what_a_service_refuses(profile, change, key, what, monkeypatch):
    monkeypatch.setenv("KEY", DEVICE_KEY)
    monkeypatch.setenv("STRING", "HostName=h;DeviceId=d;SharedAccessKey=s3cret")
    found = problems(profile, **change)
    assert (key, True) in [(one.key, what in one.what) for one in found]
    assert "s3cret" not in str(found)


# The gate is worth something only if it closes.


@pytest.mark.parametrize(
    "name, message, reason",
    [
        ("aws-iot", {"topic": "a/b/c/d/e/f/g/h/i"}, "topic"),
        ("aws-iot", {"topic": "x" * 257}, "topic"),
        ("aws-iot", {"topic": "$aws/things"}, "topic"),
        ("aws-iot", {"payload": b"x" * 131_073}, "bytes"),
        ("aws-iot", {"qos": 2}, "QoS 2"),
        ("event-grid", {"retain": True}, "retained"),
        ("azure-iot-hub", {"topic": "edge/n/status"}, "topic"),
        ("azure-iot-hub", {"retain": True}, "retained True"),
    ],
)
def test_a_gate_closes_at_what_its_service_refuses(gated, certificates, name, message, reason):
    destination = gated(name)
    client = raw_client(destination, certificates, name)
    topic = f"devices/{DEVICE}/messages/events/" if name == "azure-iot-hub" else "a"
    client.publish(**{"topic": topic, "payload": b"x", "qos": 1} | message)
    eventually(lambda: destination.gate.violations)
    client.loop_stop()
    assert re.search(reason, destination.gate.violations[0])


def test_a_gate_closes_at_the_message_behind_a_full_window(gated, certificates):
    destination = gated("aws-iot")
    client = raw_client(destination, certificates, "aws-iot")
    destination.silence()
    for _ in range(101):
        client.publish("a", b"x", qos=1)
    eventually(lambda: destination.gate.violations)
    destination.speak()
    client.loop_stop()
    assert destination.gate.violations == ["101 in flight"]


@pytest.mark.parametrize("password", ["", "SharedAccessSignature sr=a&sig=b&se=9"])
def test_a_hubs_gate_closes_at_a_token_that_is_not_the_devices(gated, certificates, password):
    destination = gated("azure-iot-hub")
    raw_client(destination, certificates, "azure-iot-hub", password, wait=False).loop_stop()
    eventually(lambda: destination.gate.violations)


def raw_client(destination, certificates, name, password=None, *, wait=True):
    """A client that no profile holds back."""
    version = paho.MQTTv311 if name == "azure-iot-hub" else paho.MQTTv5
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, DEVICE, protocol=version)
    client.reconnect_delay_set(60)
    client.max_inflight_messages_set(0)
    files = client_files(certificates)
    client.tls_set(files["ca"], files["certificate"], files["key"])
    if name == "event-grid":
        client.username_pw_set("greenhouse-authn")
    elif name == "azure-iot-hub":
        broker = azure_iot_hub.log_in(azure_broker(destination), lambda: True)
        client.username_pw_set(broker.username, broker.token() if password is None else password)
    client.connect("127.0.0.1", int(destination.gate.url.rpartition(":")[2]))
    client.loop_start()
    eventually(lambda: client.is_connected() or not wait)
    return client


def azure_broker(destination):
    options = destination.plan().options
    address = Address("127.0.0.1", 1, tls=True)
    return Broker((address,), DEVICE, password_file=options.password_file)
