"""The command `edge-consumer`: what it prints, and how it ends."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import paho.mqtt.client as paho
import pytest
from lab.broker import free_port

from consumers.audit.audit import Audit
from consumers.source import DeadLetter, SourceUnavailable
from consumers.sources.mqtt.source import MqttSource, random_client_id
from edge_agent.deliver.mqtt.address import Broker, parse_url
from edge_agent.deliver.mqtt.broker import EmbeddedBroker

QUIET = ("--until-quiet", "--settle", "2s")
BACKLOG = ("--group", "auditor", *QUIET)


@pytest.fixture
def publish():
    """A function: publish payloads to a broker, each on its topic."""

    def publish(broker, *messages, retain=False):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        for topic, body in messages:
            payload = body if isinstance(body, bytes) else json.dumps(body).encode()
            client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    return publish


@pytest.fixture
def audited(broker, command, publish, event):
    """A function: audit events that wait in a session at the broker."""

    def audited(*events, options=(), messages=()):
        assert command("audit", broker.url, *BACKLOG).returncode == 4  # it makes the session
        sent = [(f"edge/greenhouse/event/reading/{n}", one) for n, one in enumerate(events)]
        publish(broker, *sent, *messages)
        return command("audit", broker.url, *BACKLOG, *options)

    return audited


def test_a_clean_log_ends_with_0(audited, event):
    done = audited(*map(event, range(1, 5)))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "4 events of 1 log: 0 lost, 0 contradictory"


def test_a_lost_event_ends_with_1_and_is_named(audited, event):
    done = audited(event(1), event(5), event(7))
    assert done.returncode == 1
    assert "greenhouse: lost 2-4, 6\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "3 events of 1 log: 4 lost, 0 contradictory"


def test_two_contents_end_with_1(audited, event):
    done = audited(event(1), event(1, subject="soil"))
    assert done.returncode == 1
    assert "greenhouse: two contents under one id: 1\n" in done.stdout


def test_json_has_all_that_was_found_and_nothing_else(audited, event, gap):
    found = audited(event(1), event(1), gap(4, [[2, 3]]), options=["--json"])
    shown = json.loads(found.stdout)
    assert (shown["clean"], shown["interruptions"], found.returncode) == (True, 0, 0)
    assert (shown["logs"][0]["duplicated"]["total"], shown["logs"][0]["named"]) == (1, 2)


def test_foreign_messages_are_counted_and_end_nothing(audited, event):
    topic = "edge/greenhouse/event/reading/air"
    foreign = (b"", b"\xff", b"{", b"[" * 100_000, b"0" * 400_000, b"null", b"[1, {}]", b"NaN")
    messages = [*((topic, body) for body in foreign), ("edge/x/batch", [event(2), event(3)])]
    done = audited(event(1), options=["--json"], messages=messages)
    shown = json.loads(done.stdout)
    assert (shown["logs"][0]["arrived"], done.returncode) == (3, 0)
    assert sum(shown["unusable"].values()) >= len(foreign)


def test_what_a_full_queue_of_the_broker_drops_is_lost(mosquitto, publish, event):
    broker = mosquitto("allow_anonymous true\nmax_queued_messages 5\n").start()
    topic, audit = "edge/greenhouse/event/reading/air", Audit(settle=0.0)
    source = MqttSource(Broker((parse_url(broker.url),), "auditor"), keep=True)
    source.open()
    source.close()
    publish(broker, *((topic, event(n)) for n in range(1, 101)))  # the broker keeps some of them
    source.open()
    last, sent = 0, 100
    while last <= 100:  # until the queue has room again
        publish(broker, (topic, event(sent := sent + 1)))
        last = taken(source, audit)
    source.close()
    log = audit.report(1.0).logs[0]
    assert log.lost.total == log.last - log.arrived > 0


def taken(source, audit):
    """Let an audit take what arrives; return the last offset."""
    arrived = source.receive(1.0)
    for one in arrived:
        audit.take(one.decoded, 0.0)
    source.acknowledge(len(arrived))
    return max((log.last for log in audit.report(0.0).logs), default=0)


def test_a_node_with_a_sink_for_some_kinds_is_not_judged(broker, command, publish, event):
    command("audit", broker.url, *BACKLOG)
    info = {"sink": "cloud", "sinks": {"cloud": ["alert", "gap"]}}
    publish(broker, ("edge/greenhouse/info", info), retain=True)
    publish(broker, *((f"edge/greenhouse/event/alert/{n}", event(n)) for n in (1, 9)))
    done = command("audit", broker.url, *BACKLOG)
    assert done.returncode == 0
    assert "greenhouse delivers only some kinds of event here" in done.stdout


def test_no_broker_ends_with_4(command):
    done = command("audit", f"mqtt://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (4, "")
    assert "Connection refused: see whether a broker runs there" in done.stderr


def test_no_event_ends_with_4(broker, command):
    done = command("audit", broker.url, "--for", "500ms")
    assert done.returncode == 4
    assert "no event arrived: see whether an agent delivers to this source" in done.stderr
    assert "--start beginning reads what it has" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("http://host",),
        ("mqtt://user:secret@host",),
        ("mqtt://host", "#"),
        ("mqtt://host", "--late", "soon"),
        (),
    ],
)
def test_an_error_in_the_command_line_ends_with_2(command, words):
    done = command("audit", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "secret" not in done.stderr


def test_a_password_that_everybody_may_read_is_refused(command, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o644)
    done = command("audit", "mqtt://host", "--username", "me", "--password-file", secret)
    assert done.returncode == 2
    assert "every user of this machine can read it" in done.stderr


@pytest.fixture
def running(broker):
    """A function: start the command at a pseudo-terminal or a pipe; return process and output."""
    started = []

    def start(output):
        words = [sys.executable, "-m", "consumers", "audit", broker.url]
        terminal = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"}
        started.append(
            subprocess.Popen(words, stdout=output, stderr=output, env=os.environ | terminal)
        )
        return started[-1]

    yield start
    for each in started:
        if each.poll() is None:
            each.kill()
            each.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_the_summary(
    running, broker, publish, event, tmp_path, wait_for, number
):
    path = tmp_path / "output"
    with path.open("wb") as output:
        process = running(output)
    wait_for(lambda: "following mqtt://" in path.read_text())
    publish(broker, *(("edge/greenhouse/event/reading/air", event(n)) for n in (1, 2, 2)))
    wait_for(lambda: "greenhouse a1b2c3  duplicated 1\n" in path.read_text())
    process.send_signal(number)
    assert process.wait(60) == 0
    assert path.read_text().splitlines()[-1] == "2 events of 1 log: 0 lost, 0 contradictory"


def test_a_terminal_shows_a_live_table(running, broker, publish, event, wait_for):
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read():
        with suppress(OSError):
            while portion := os.read(ours, 4096):
                shown.extend(portion)

    process = running(theirs)
    os.close(theirs)
    reader = threading.Thread(target=read)
    reader.start()
    wait_for(lambda: b"no event yet" in shown)
    publish(broker, *(("edge/greenhouse/event/reading/air", event(n)) for n in (1, 2, 2)))
    wait_for(lambda: b"2 events of 1 log" in shown)
    wait_for(lambda: b"duplicated" in shown)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    reader.join(60)
    os.close(ours)
    assert shown.count(b"\x1b[?25l") == shown.count(b"\x1b[?25h") == 1  # the cursor is back


def answering(suback):
    """A listener that accepts one MQTT 5 client, and answers its subscription."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"\x20\x03\x00\x00\x00")  # CONNACK
            connection.recv(1000)
            connection.sendall(suback)
            while connection.recv(1000):
                pass

    threading.Thread(target=serve).start()
    return server


def test_a_subscription_that_is_refused_is_an_error_with_the_topic():
    with answering(b"\x90\x06\x00\x01\x00\x01\x87\x01") as server:
        url = f"mqtt://127.0.0.1:{server.getsockname()[1]}"
        source = MqttSource(Broker((parse_url(url),), random_client_id()))
        with pytest.raises(SourceUnavailable, match=r"edge/\+/batch: Not authorized"):
            source.open()
        source.close()


def test_a_broker_that_speaks_only_mqtt_3_1_1(port, publish):
    broker = EmbeddedBroker("127.0.0.1", port)
    broker.start()
    broker.port = port
    source = MqttSource(Broker((parse_url(f"mqtt://127.0.0.1:{port}"),), random_client_id()))
    source.open()
    publish(broker, ("edge/n/batch", b"x"))
    (found,) = received(source)
    source.close()
    broker.stop()
    assert isinstance(found, DeadLetter)


def received(source):
    while not (found := source.receive(1.0)):
        pass
    return found


def test_the_list_of_commands_has_whole_sentences(command):
    assert "..." not in command("alerts", "--help").stdout.partition("Commands:")[2]
