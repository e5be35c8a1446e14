"""The contract over every sink of ours, each with a real destination."""

import json
import resource
import signal

import pytest
from lab.destinations import ServerDestination, SubscribedBroker, persistent_mosquitto
from lab.event_server import read_by_the_sdk

from edge_agent.deliver.file import FileOptions
from edge_agent.deliver.http.options import HttpOptions
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.notify.options import NotifyOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import EventRejected
from edge_agent.testing import Destination, Got, SinkContract

MODES = {
    "mqtt 5": {"versions": (5,)},
    "mqtt 3.1.1": {"versions": (4,)},
    "mqtt 5 in batches": {"versions": (5,), "max_batch": 7},
    "mqtt 3.1.1 in batches": {"versions": (4,), "max_batch": 7},
}


def got(event):
    return Got(int(event["id"].split(":")[1]), event["data"])


class MqttDestination(SubscribedBroker):
    """A real mosquitto, in some versions of MQTT."""

    def __init__(self, directory, versions, max_batch=1):
        super().__init__(persistent_mosquitto(directory), "edge/+/#")
        self._options = MqttOptions(versions=versions)
        self._max_batch = max_batch

    def plan(self):
        return SinkPlan("mqtt", (self.server.url,), self._options, max_batch=self._max_batch)


class TestMqtt(SinkContract):
    @pytest.fixture(params=MODES.values(), ids=MODES)
    def destination(self, request, tmp_path):
        destination = MqttDestination(tmp_path, **request.param)
        yield destination
        destination.close()


class FileDestination(Destination):
    """A file on a disk that can be full: a real error from the kernel."""

    def __init__(self, path):
        self._path = path
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self._handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def plan(self):
        return SinkPlan("file", (f"file://{self._path}",), FileOptions())

    def received(self):
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return [got(json.loads(line)) for line in lines]

    def stop(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._limits[1]))

    def start(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)

    def close(self):
        self.start()
        signal.signal(signal.SIGXFSZ, self._handler)


class TestFile(SinkContract):
    blind = {
        "test_an_event_that_is_too_large_is_refused_and_the_others_arrive": "a file has no limit"
    }

    @pytest.fixture
    def destination(self, tmp_path):
        destination = FileDestination(tmp_path / "events.jsonl")
        yield destination
        destination.close()


class NotifyDestination(Destination):
    """A real web server behind Apprise; it sees a title for each alert."""

    kind = "alert"

    def __init__(self, web):
        self._web = web

    def plan(self):
        options = NotifyOptions(severity="info")
        return SinkPlan("notify-web", (f"notify:{self._web.url}",), options)

    def data(self, n):
        return {"state": "firing", "severity": "warning", "values": {"n": n}}

    def received(self):
        titles = [each["title"] for each in self._web.taken]
        return [Got(int(title.split("source")[1].split()[0])) for title in titles]

    def stop(self):
        self._web.status = 500

    def start(self):
        self._web.status = 200


class TestNotify(SinkContract):
    blind = {
        "test_any_data_arrives_as_it_is": "a message shows what people want to know",
        "test_an_event_that_is_too_large_is_refused_and_the_others_arrive": "Apprise cuts it",
    }

    @pytest.fixture
    def destination(self, web):
        return NotifyDestination(web)


FORMS = {
    "structured": {},
    "binary": {"options": HttpOptions(content="binary")},
    "batches": {"max_batch": 7},
}


class HttpDestination(ServerDestination):
    """A real web server in another process; the CloudEvents SDK reads what it has stored."""

    largest = 100_000

    def __init__(self, server, options=None, max_batch=1):
        super().__init__(server)
        self._options, self._max_batch = options or HttpOptions(), max_batch
        self.server.answer(largest=self.largest)

    def plan(self):
        return SinkPlan("http", (self.server.url,), self._options, max_batch=self._max_batch)

    def received(self):
        return [
            Got(int(event.get_id().split(":")[1]), event.get_data())
            for request in self.server.taken()
            for event in read_by_the_sdk(request)
        ]


class TestHttp(SinkContract):
    @pytest.fixture(params=FORMS.values(), ids=FORMS)
    def destination(self, request, event_server):
        return HttpDestination(event_server(), **request.param)


class TestHttps(SinkContract):
    @pytest.fixture
    def destination(self, event_server, certificates):
        files = (certificates / name for name in ("server.pem", "server.key", "ca.pem"))
        ours = [str(certificates / name) for name in ("ca.pem", "client.pem", "client.key")]
        options = HttpOptions(**dict(zip(("ca", "certificate", "key"), ours, strict=True)))
        return HttpDestination(event_server(files), options)


# What only a scripted broker shows.


def test_a_broken_connection_yields_exactly_what_was_acknowledged(scripted, client, events):
    for mode in MODES.values():
        broker = scripted(puback=lambda n: 0 if n <= 10 else "close")
        one = client(broker.url, **mode).up()
        assert one.sink.deliver(events(200)) == 10 * mode.get("max_batch", 1)


def test_what_is_refused_for_good_is_named_and_the_rest_is_settled(scripted, client, events):
    broker = scripted(puback=lambda n: 0x99 if n == 5 else 0)  # MQTT 3.1.1 has no refusal
    sink = client(broker.url).up().sink
    with pytest.raises(EventRejected) as caught:
        sink.deliver(events(10))
    assert caught.value.settled == 10
    assert list(caught.value.refused.values()) == ["Payload format invalid"]
