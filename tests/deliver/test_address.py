import gc
from stat import S_IXOTH

import pytest

from edge_agent.deliver.credentials import TlsFiles, tls_context
from edge_agent.deliver.mqtt.address import Address, parse_url
from edge_agent.errors import AgentError, SinkUnavailable


@pytest.mark.parametrize(
    "url, address",
    [
        ("mqtt://10.0.0.1", Address("10.0.0.1", 1883, tls=False)),
        ("mqtt://broker.lan:1884", Address("broker.lan", 1884, tls=False)),
        ("mqtts://broker.lan", Address("broker.lan", 8883, tls=True)),
        ("mqtt://[::1]:1885", Address("::1", 1885, tls=False)),
        ("ws://broker.lan", Address("broker.lan", 80, tls=False, path="/mqtt")),
        ("ws://broker.lan:9001/", Address("broker.lan", 9001, tls=False, path="/")),
        ("wss://broker.lan/a/b%20c", Address("broker.lan", 443, tls=True, path="/a/b%20c")),
    ],
)
def test_a_url_names_host_port_and_tls(url, address):
    assert parse_url(url) == address


@pytest.mark.parametrize(
    "url, shown",
    [
        ("mqtt://[::1]", "[::1]:1883"),
        ("ws://[fe80::1]/x", "[fe80::1]:80/x"),
        ("mqtt://pi", "pi:1883"),
    ],
)
def test_an_ipv6_address_is_shown_in_brackets(url, shown):
    assert str(parse_url(url)) == shown


@pytest.mark.parametrize(
    "url, complaint",
    [
        ("http://broker", "write mqtt:// or mqtts://"),
        ("broker:1883", "write mqtt:// or mqtts://"),
        ("mqtt://", "there is no host"),
        ("mqtt://broker:70000", "the port must be"),
        ("mqtt://broker/mqtt", "ends after host and port"),
        ("ws://broker/mqtt?token=1", "ends after its path"),
        ("ws://broker/größe", "write the path in ASCII"),
        ("mqtt://me:secret@broker", "set username and password_file"),
    ],
)
def test_a_wrong_url_is_refused_with_what_to_write(url, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_url(url)


@pytest.fixture
def secure_broker(mosquitto, certificates):
    (certificates / "server.key").chmod(0o644)  # mosquitto gives root up before it reads it
    for folder in (certificates, *certificates.parents):
        if not folder.stat().st_mode & S_IXOTH:
            folder.chmod(0o755)
    broker = mosquitto(
        f"allow_anonymous true\nrequire_certificate true\ncafile {certificates}/ca.pem\n"
        f"certfile {certificates}/server.pem\nkeyfile {certificates}/server.key\n"
    )
    broker.url = f"mqtts://127.0.0.1:{broker.port}"
    return broker.start()


def test_tls_with_a_client_certificate_delivers(secure_broker, certificates, client, events):
    tls = TlsFiles(*(str(certificates / n) for n in ("ca.pem", "client.pem", "client.key")))
    assert client(secure_broker.url, tls=tls).up().sink.deliver(events(150)) == 150


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_signed_by_a_stranger_is_not_trusted(secure_broker, client, events):
    one = client(secure_broker.url, tls=TlsFiles())
    with pytest.raises(SinkUnavailable, match="its certificate is not accepted"):
        one.sink.deliver(events(1))
    one.stop()
    gc.collect()


@pytest.mark.parametrize(
    "files, key",
    [
        (("missing.pem", "", ""), "ca = "),
        (("server.key", "", ""), "ca = "),
        (("", "missing.pem", "client.key"), "certificate = "),
        (("", "client.pem", "missing.key"), "key = "),
        (("", "client.pem", "server.key"), "belong together"),
        (("", "client.pem", ""), "key = "),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_key(certificates, files, key):
    paths = [str(certificates / name) if name else "" for name in files]
    with pytest.raises(AgentError) as caught:
        tls_context(*paths)
    assert key in str(caught.value)
