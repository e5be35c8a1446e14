"""What a sink needs to encode events: its options, and a registry that answers or does not."""

import base64
import io
import json
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import fastavro
import pytest
from lab.broker import free_port

from edge_agent.deliver.encoding.address import registry_address
from edge_agent.deliver.encoding.check import check_encoding
from edge_agent.deliver.encoding.encoder import event_encoder, reach_registry
from edge_agent.deliver.encoding.options import EncodingOptions
from edge_agent.deliver.encoding.registration import subjects
from edge_agent.deliver.envelope import CONTENT_TYPE, Envelope
from edge_agent.deliver.sink import SinkContext
from edge_agent.errors import AgentError, SinkUnavailable
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.schema.avro import union_schema
from tests.buses.servers.certificates import Certificates

NAME = "bus"
EVENT = LoggedEvent(7, 1, None, None, "output", "fan", '{"value":1,"by":"safe"}')
ERROR = {"error_code": 40401, "message": "no such subject"}


def context(stopping=lambda: False):
    return SinkContext.apart("n", "log", stopping)


def topic_of(_kind):
    return "events"


class StubRegistry:
    """Answers each path as a test has said; everything else is not known."""

    def __init__(self, tls=None):
        self.answers = {}
        self.requests = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                path = self.path.partition("?")[0]
                stub.requests.append((self.command, path, dict(self.headers)))
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = stub.answers.get(f"{self.command} {path}", (404, ERROR))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            do_GET = do_POST = do_PUT = answer  # noqa: N815 - http.server's names

            def log_message(self, *_):
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def registry():
    stub = StubRegistry()
    yield stub
    stub.close()


FIND = "POST /subjects/events-value"
REGISTER = "POST /subjects/events-value/versions"
COMPARE = "POST /compatibility/subjects/events-value/versions/latest"
LEVEL = "GET /config/events-value"


def headers(registry, **options):
    """What the encoder writes first, once it is open."""
    options = EncodingOptions(format="avro", registry=registry.url, **options)
    encoder = event_encoder(options, context(), NAME, topic_of)
    encoder.open()
    return encoder.encode(EVENT)


def asked(registry):
    return [f"{method} {path}" for method, path, _ in registry.requests]


def test_events_are_json_unless_asked_otherwise():
    encoder = event_encoder(EncodingOptions(), context(), NAME, topic_of)
    encoder.open()
    assert encoder.encode(EVENT) == Envelope("n", "log").encode(EVENT)
    assert encoder.content_type == CONTENT_TYPE


def test_a_sink_with_json_imports_no_avro(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastavro", None)
    assert event_encoder(EncodingOptions(), context(), NAME, topic_of)


def test_avro_without_its_library_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastavro", None)
    with pytest.raises(AgentError, match=r"fastavro.*pip install 'edge-agent\[avro\]'"):
        event_encoder(EncodingOptions(format="avro"), context(), NAME, topic_of)


def test_a_schema_that_the_registry_has_is_only_looked_up(registry):
    registry.answers[FIND] = (200, {"id": 258})
    assert headers(registry)[:5] == b"\x00\x00\x00\x01\x02"
    assert asked(registry) == [FIND]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("reading", {"values": {}, "quality": "good"}),
        ("output", {"value": 1, "by": "safe"}),
        ("lifecycle", {"what": "started"}),
    ],
)
def test_fastavro_reads_the_record_of_each_kind_from_a_union(registry, kind, data):
    registry.answers[FIND] = (200, {"id": 1})
    options = EncodingOptions(format="avro", registry=registry.url)
    encoder = event_encoder(options, context(), NAME, topic_of)
    encoder.open()
    body = encoder.encode(LoggedEvent(7, 1, None, None, kind, "fan", json.dumps(data)))
    found = fastavro.schemaless_reader(io.BytesIO(body[5:]), union_schema())
    assert (found["type"], found["subject"]) == (f"edge.{kind}.v1", "fan")


def test_a_new_schema_is_compared_before_it_is_registered(registry):
    registry.answers |= {
        LEVEL: (200, {"compatibilityLevel": "FULL"}),
        COMPARE: (200, {"is_compatible": True}),
        REGISTER: (200, {"id": 5}),
    }
    assert headers(registry)[:5] == b"\x00\x00\x00\x00\x05"
    assert asked(registry) == [FIND, LEVEL, COMPARE, REGISTER]


@pytest.mark.parametrize("place", ["GET /config", LEVEL])
def test_a_registry_that_takes_everything_is_made_to_compare_this_subject(registry, place):
    registry.answers |= {
        place: (200, {"compatibilityLevel": "NONE"}),
        "PUT /config/events-value": (200, {"compatibility": "BACKWARD"}),
        REGISTER: (200, {"id": 5}),
    }
    headers(registry)
    assert "PUT /config/events-value" in asked(registry)


def test_a_level_that_an_administrator_has_chosen_stays(registry):
    registry.answers |= {"GET /config": (200, {"compatibilityLevel": "FULL"})}
    registry.answers[REGISTER] = (200, {"id": 5})
    headers(registry)
    assert not any(request.startswith("PUT") for request in asked(registry))


def test_an_incompatible_schema_is_not_registered_and_the_reason_is_said(registry):
    registry.answers |= {
        LEVEL: (200, {"compatibilityLevel": "BACKWARD"}),
        COMPARE: (200, {"is_compatible": False, "messages": ["READER_FIELD_MISSING: unit"]}),
    }
    with pytest.raises(SinkUnavailable, match=r"incompatible.*events-value.*FIELD_MISSING: unit"):
        headers(registry)
    assert REGISTER not in asked(registry)


def test_a_schema_that_is_refused_when_it_is_registered_says_why(registry):
    registry.answers |= {
        LEVEL: (200, {"compatibilityLevel": "BACKWARD"}),
        REGISTER: (409, {"error_code": 409, "message": "another agent was faster"}),
    }
    with pytest.raises(SinkUnavailable, match=r"incompatible.*another agent was faster"):
        headers(registry)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_names_the_keys(registry, status):
    registry.answers[FIND] = (status, b"<html>")
    with pytest.raises(SinkUnavailable, match=rf"HTTP {status}.*check registry_username"):
        headers(registry)


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        (500, {"error_code": 50001, "message": "its store is down"}, "HTTP 500: its store is down"),
        (502, b"<html>", r"does not answer as a registry \(HTTP 502\)"),
        (200, b"<html>", r"does not answer as a registry \(HTTP 200\)"),
        (200, {"id": -1}, "does not answer as a registry"),
        (200, {"id": 2**32}, "does not answer as a registry"),
        (404, {"error_code": 0, "message": "no such path"}, "HTTP 404: no such path"),
        (302, b"{}", "HTTP 302"),
    ],
)
def test_anything_else_that_a_registry_answers_is_waited_for(registry, status, body, what):
    registry.answers[FIND] = (status, body)
    with pytest.raises(SinkUnavailable, match=what):
        headers(registry)


def test_a_registry_that_is_not_there_is_waited_for():
    options = EncodingOptions(format="avro", registry=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(SinkUnavailable, match="nothing listens on this port"):
        event_encoder(options, context(), NAME, topic_of).open()


def test_an_encoder_has_no_header_for_an_event_before_its_schema_is_registered(registry):
    options = EncodingOptions(format="avro", registry=registry.url)
    encoder = event_encoder(options, context(), NAME, topic_of)
    registry.answers[FIND] = (503, {"message": "starting"})
    with pytest.raises(SinkUnavailable):
        encoder.open()
    with pytest.raises(SinkUnavailable, match="registered"):
        encoder.encode(EVENT)
    registry.answers[FIND] = (200, {"id": 9})
    encoder.open()
    assert encoder.encode(EVENT)[:5] == b"\x00\x00\x00\x00\x09"


def test_an_agent_that_stops_waits_for_no_registry():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = EncodingOptions(format="avro", registry=url)
        encoder = event_encoder(options, context(stopping=lambda: True), NAME, topic_of)
        with pytest.raises(SinkUnavailable, match="the agent stops"):
            encoder.open()


def test_waiting_for_a_registry_reports_life():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        lives = []
        made = context(stopping=lambda: len(lives) > 1)._replace(alive=lives.append)
        options = EncodingOptions(format="avro", registry=url)
        with pytest.raises(SinkUnavailable):
            event_encoder(options, made, NAME, topic_of).open()
    assert set(lives) == {NAME}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def https_registry(certificates):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificates.issue("registry"))
    stub = StubRegistry(tls)
    stub.answers[FIND] = (200, {"id": 3})
    yield stub
    stub.close()


def test_a_registry_with_tls_is_trusted_if_its_ca_is_named(https_registry, certificates):
    ca = str(certificates.ca)
    assert headers(https_registry, registry_ca=ca)[:5] == b"\x00\x00\x00\x00\x03"


def test_a_registry_that_is_not_trusted_is_asked_nothing(https_registry):
    with pytest.raises(SinkUnavailable, match=r"certificate is not accepted.*set registry_ca"):
        headers(https_registry)
    assert https_registry.requests == []


def test_a_login_is_read_from_its_file_at_each_request(registry, tmp_path):
    file = tmp_path / "password"
    file.write_text("first\n")
    registry.answers[FIND] = (200, {"id": 1})
    login = {"registry_username": "agent", "registry_password_file": str(file)}
    headers(registry, **login)
    file.write_text("söcond")
    headers(registry, **login)
    sent = [one["Authorization"].partition(" ")[2] for _, _, one in registry.requests]
    assert [base64.b64decode(one).decode() for one in sent] == ["agent:first", "agent:söcond"]


def test_a_missing_password_is_said_without_a_request(registry, tmp_path):
    with pytest.raises(SinkUnavailable, match="No such file"):
        headers(registry, registry_username="a", registry_password_file=str(tmp_path / "none"))
    assert registry.requests == []


def test_the_doctor_registers_nothing(registry):
    options = EncodingOptions(format="avro", registry=registry.url)
    assert list(reach_registry(options, topic_of)) == []
    assert asked(registry) == [FIND, COMPARE]


def test_a_topic_for_each_kind_has_a_subject_for_each_record():
    found = subjects("topic", lambda kind: f"edge.{kind}")
    assert [one.name for one in found] == [f"edge.{kind}-value" for kind in KINDS]
    assert json.loads(found[0].schema)["name"] == "ReadingEventV1"


def test_a_topic_for_all_kinds_has_one_subject_with_a_union():
    (found,) = subjects("topic", topic_of)
    assert found.name == "events-value"
    assert len(json.loads(found.schema)) == len(KINDS)


def test_a_subject_may_have_the_name_of_its_record():
    names = [one.name for one in subjects("record", topic_of)]
    assert names == [f"edge.{kind.capitalize()}EventV1" for kind in KINDS]


def test_right_options_have_no_problem(tmp_path):
    (tmp_path / "password").write_text("x")
    (tmp_path / "password").chmod(0o600)
    options = EncodingOptions(
        format="avro",
        registry="https://registry.example:8443/apis/ccompat/v7",
        registry_username="agent",
        registry_password_file=str(tmp_path / "password"),
    )
    assert list(check_encoding(options)) == []
    assert list(check_encoding(EncodingOptions())) == []


@pytest.mark.parametrize(
    ("options", "key", "what"),
    [
        ({"format": "json", "registry": "http://localhost"}, "registry", 'set format = "avro"'),
        ({"registry_username": "a"}, "registry_username", "it needs a registry"),
        ({"registry": "localhost:8081"}, "registry", "no URL of a registry"),
        ({"registry": "http://"}, "registry", "there is no host"),
        ({"registry": "http://a:0"}, "registry", "the port must be"),
        ({"registry": "http://a/b?c"}, "registry", "ends after its path"),
        ({"registry": "http://u:p@a/"}, "registry", "credentials do not belong in the URL"),
        ({"registry": "http://a", "registry_username": "u"}, "registry", "in plain text"),
        ({"registry": "http://a", "registry_ca": "/ca.pem"}, "registry_ca", "unused"),
        ({"registry": "https://a", "registry_ca": "/no"}, "registry_ca", "No such file"),
        (
            {
                "registry": "https://a",
                "registry_username": "u",
                "registry_password_env": "NOT_SET",
            },
            "registry_password_env",
            "not set",
        ),
    ],
)
def test_a_wrong_option_is_found_without_a_connection(options, key, what):
    found = list(check_encoding(EncodingOptions(**{"format": "avro", **options})))
    assert [problem.key for problem in found] == [key]
    assert what in found[0].what
    assert "u:p" not in str(found)


def test_an_address_has_host_port_and_path():
    found = registry_address("https://registry.example/apis/ccompat/v7/")
    assert found == ("registry.example", 443, True, "/apis/ccompat/v7")
