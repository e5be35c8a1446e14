"""What the agent says of a broker that does not work, so that its user knows what to do."""

import logging
import queue
import socket
import subprocess

import pytest
from paho.mqtt import publish

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.mqtt.commands import CommandTopics

COMMANDS = CommandTopics("edge/n")


@pytest.fixture
def logged(caplog, wait_for):
    """A function: wait until a warning has these words."""
    caplog.set_level(logging.WARNING)
    return lambda words: wait_for(lambda: words in caplog.text)


@pytest.fixture
def secure(mosquitto, certificates):
    """A function: start a broker with TLS."""
    keys = f"certfile {certificates}/server.pem\nkeyfile {certificates}/server.key\nuser root\n"

    def start(more=""):
        return mosquitto(f"{keys}cafile {certificates}/ca.pem\n{more}").start()

    return start


@pytest.fixture
def tls(certificates):
    """A function: the files of a client, with a certificate of this name if it has one."""

    def files(name=""):
        key = (f"{certificates}/{name}.pem", f"{certificates}/{name}.key") if name else ("", "")
        return TlsFiles(f"{certificates}/ca.pem", *key)

    return files


@pytest.fixture
def foreign(certificates):
    """The name of a certificate that no broker of these tests trusts."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=foreign", "-days", "2"),
            *("-keyout", "foreign.key", "-out", "foreign.pem"),
        ],
        cwd=certificates,
        check=True,
        capture_output=True,
    )
    return "foreign"


def test_a_closed_port_is_named(port, client, logged):
    client(f"mqtt://127.0.0.1:{port}")
    logged("nothing listens on this port; start the server, or check it")


def test_a_broker_that_takes_the_connection_and_is_silent_is_named(
    scripted, client, logged, monkeypatch
):
    monkeypatch.setattr("edge_agent.deliver.mqtt.session.CONNACK_SECONDS", 0.2)
    client(scripted(connack=None).url)
    logged("takes the connection, but does not answer within 0 s; restart the broker if it hangs")
    logged("is this port for TLS? then write mqtts:// in url")


def test_a_port_for_tls_is_suspected_if_it_hangs_up_on_plain_mqtt(secure, client, logged):
    client(f"mqtt://127.0.0.1:{secure().port}")
    logged("is this port for TLS? then write mqtts:// in url")


def test_a_port_without_tls_is_suspected_if_it_hangs_up_on_tls(mosquitto, client, logged, tls):
    client(f"mqtts://127.0.0.1:{mosquitto().start().port}", tls=tls())
    logged("is this port for TLS? otherwise write mqtt:// in url")


def test_a_broker_that_wants_a_certificate_is_understood(secure, client, logged, tls):
    client(f"mqtts://127.0.0.1:{secure('require_certificate true').port}", tls=tls())
    logged("the server may want a certificate and key; set both")


def test_a_certificate_that_the_broker_does_not_trust_is_named(
    secure, client, logged, tls, foreign
):
    broker = secure("require_certificate true")
    client(f"mqtts://127.0.0.1:{broker.port}", tls=tls(foreign))
    logged("it refuses our certificate")


def test_a_broker_whose_certificate_is_not_trusted_is_named(secure, client, logged, tls, foreign):
    client(f"mqtts://127.0.0.1:{secure().port}", tls=TlsFiles(tls(foreign).certificate))
    logged("its certificate is not accepted")
    logged("name the file of the CA that signed it in ca")


def test_a_broker_of_another_name_is_named(secure, client, logged, tls, monkeypatch):
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more: real("127.0.0.1", *more))
    client(f"mqtts://other.example:{secure().port}", tls=tls())
    logged("write the host in url as the certificate names it")


def test_of_two_dead_brokers_each_is_named_once(port, client, caplog, wait_for):
    caplog.set_level(logging.WARNING)
    one = client(f"mqtt://127.0.0.1:{port}", "mqtt://127.0.0.1:1")
    wait_for(lambda: one.connection._backoff.failures > 3)
    assert caplog.text.count("no connection") == 2


def test_a_subscription_that_the_broker_refuses_is_reported(scripted, client, logged, version):
    broker = scripted(suback=0x87 if version == 5 else 0x80)
    one = client(broker.url, commands=COMMANDS, versions=(version,)).up()
    logged("the broker does not let this client subscribe to edge/n/command/+")
    assert "allow it in the broker's access rules" in one.notices[-1]


@pytest.fixture(params=[5, 4], ids=["5", "3.1.1"])
def version(request):
    return request.param


def test_a_command_that_is_to_be_retained_shows_it_to_who_was_there_before(broker, client):
    requests = queue.SimpleQueue()
    client(broker.url, commands=COMMANDS, requested=requests.put).up()
    for kept in (True, False):
        send = {"retain": kept, "hostname": "127.0.0.1", "port": broker.port, "qos": 1}
        publish.single("edge/n/command/set", '{"output": "fan", "value": "on"}', **send)
        assert requests.get(timeout=60).retained is kept
