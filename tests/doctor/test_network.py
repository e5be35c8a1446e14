"""Real brokers on 127.0.0.1 that cannot be reached or trusted, or that refuse the login."""

import errno
import re
import shutil
import socket
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest

from edge_agent.clock import ManualClock
from edge_agent.doctor.instruments import login

DAY = "%Y%m%d%H%M%SZ"
OPENSSL = """
[ca]
default_ca = own
[own]
database = {here}/index
new_certs_dir = {here}
serial = {here}/serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
x509_extensions = leaf
[leaf]
basicConstraints = CA:FALSE
[any]
commonName = supplied
[req]
distinguished_name = name
x509_extensions = root
prompt = no
[name]
commonName = edge-agent test CA
[root]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
"""


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")  # fast


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Signs certificates; `begins` and `ends` are in days from now."""

    def __init__(self, here):
        here.mkdir()
        self.here = here
        self.ca, self.config = here / "ca.pem", here / "openssl.cnf"
        self.config.write_text(OPENSSL.format(here=here))
        (here / "index").touch()
        (here / "serial").write_text("01")
        openssl("req", "-x509", *NEW_KEY, "-config", self.config,
                "-keyout", here / "ca.key", "-out", self.ca, "-days", 30)  # fmt: skip

    def sign(self, name, *, begins=-1.0, ends=300.0, alternative="DNS:localhost,IP:127.0.0.1"):
        key, request, pem = (self.here / f"{name}.{end}" for end in ("key", "csr", "pem"))
        openssl("req", *NEW_KEY, "-keyout", key, "-out", request,
                "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}")  # fmt: skip
        now = datetime.now(UTC)
        dates = [f"{now + timedelta(days=days):{DAY}}" for days in (begins, ends)]
        openssl("ca", "-batch", "-notext", "-config", self.config, "-cert", self.ca, "-keyfile",
                self.here / "ca.key", "-in", request, "-out", pem, "-startdate", dates[0],
                "-enddate", dates[1])  # fmt: skip
        return SimpleNamespace(pem=pem, key=key)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def now(pi):
    """The machine's clock, with the right time."""
    pi.clock = ManualClock(datetime.now(UTC).timestamp())


@pytest.fixture
def secure(pi, authority, mosquitto, now):
    """A function: start a broker with TLS, and configure it."""

    def start(signed, *, host="localhost", ca=True, extra=""):
        broker = mosquitto(
            f"user root\nallow_anonymous true\ncertfile {signed.pem}\nkeyfile {signed.key}\n{extra}"
        ).start()
        lines = [f'url = "mqtts://{host}:{broker.port}"']
        lines += [f'ca = "{authority.ca}"'] if ca else []
        pi.change(f'url = "{pi.url}"', "\n".join(lines))
        return broker

    return start


@pytest.fixture
def one(pi):
    """A function: return the finding with this id; fail if there are others."""

    def find(id_):
        found = pi.findings()
        assert [finding.id for finding in found] == [id_]
        return found[0]

    return find


def test_a_broker_with_tls_that_is_right_gives_no_finding(pi, authority, secure):
    secure(authority.sign("broker"))
    assert pi.findings() == []


def test_a_name_that_does_not_resolve(pi, one):
    def connect(_address, _seconds):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    right, pi.connect = pi.connect, connect
    finding = one("broker-name")
    assert "getent hosts 127.0.0.1" in finding.remedy
    pi.connect = right
    assert pi.findings() == []


def test_a_name_in_local_says_what_to_install(pi, one):
    def connect(_address, _seconds):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    pi.connect = connect
    pi.change("127.0.0.1", "broker.local")
    assert one("broker-name").remedy.startswith("`sudo apt install avahi-daemon libnss-mdns`")


def test_no_broker_listens(pi, broker, one):
    broker.kill()
    assert "`sudo systemctl enable --now mosquitto`" in one("broker-refused").remedy.replace(
        "sudo apt install mosquitto && ", ""
    )
    broker.start()
    assert pi.findings() == []


def test_a_remote_broker_that_accepts_only_local_connections(pi, one):
    def connect(_address, _seconds):
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    pi.connect = connect
    pi.change("127.0.0.1", "192.0.2.1")
    assert "`listener " in one("broker-refused").remedy


def test_no_answer(pi, one):
    def connect(_address, _seconds):
        raise TimeoutError("timed out")

    right, pi.connect = pi.connect, connect
    assert "open port" in one("broker-timeout").remedy
    pi.connect = right
    assert pi.findings() == []


def test_a_proxy_that_is_away(pi, one, monkeypatch):
    def connect(address, _seconds):
        assert address == ("proxy.lan", 3128)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    pi.connect = connect
    pi.change("127.0.0.1", "broker.lan")
    monkeypatch.setenv("mqtt_proxy", "http://proxy.lan:3128")
    found = one("broker-behind-proxy")
    assert "proxy.lan:3128" in found.what
    assert found.remedy == "correct mqtt_proxy"


def test_no_network(pi, one):
    def connect(_address, _seconds):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    pi.connect = connect
    assert "`ip route`" in one("broker-unreachable").remedy


def test_it_accepts_connections_and_does_not_answer(pi, broker, one):
    broker.pause()
    finding = one("broker-silent")
    assert "mqtts:// and port 8883" in finding.remedy
    broker.resume()
    assert pi.findings() == []


def test_a_second_broker_that_works_makes_the_first_one_a_warning(pi, broker, port):
    pi.change(f'"{pi.url}"', f'["mqtt://127.0.0.1:{port}", "{pi.url}"]')
    assert [(one.id, one.severity) for one in pi.findings()] == [("broker-refused", "warning")]


def test_tls_with_a_broker_that_does_not_offer_it(pi, one):
    pi.change("mqtt://", "mqtts://")
    assert "mqtt:// instead of mqtts://" in one("tls-failed").remedy
    pi.change("mqtts://", "mqtt://")
    assert pi.findings() == []


@pytest.mark.parametrize(
    ("id_", "dates", "remedy"),
    [
        ("tls-expired", {"begins": -10, "ends": -1}, "renew it"),
        ("tls-not-yet-valid", {"begins": 5, "ends": 50}, "`sudo timedatectl set-ntp true`"),
        ("tls-expires-soon", {"ends": 13}, "renew it"),
    ],
)
def test_dates_of_the_brokers_certificate(pi, authority, secure, one, id_, dates, remedy):
    wrong, right = authority.sign("wrong", **dates), authority.sign("right")
    broker = secure(wrong)
    assert remedy in one(id_).remedy
    broker.kill()
    shutil.copy(right.pem, wrong.pem)
    shutil.copy(right.key, wrong.key)
    broker.start()
    assert pi.findings() == []


def test_a_certificate_for_another_name(pi, authority, secure, one):
    secure(authority.sign("broker", alternative="DNS:localhost"), host="127.0.0.1")
    finding = one("tls-name")
    assert "not for 127.0.0.1, but for localhost" in finding.what
    pi.follow(finding)
    assert pi.findings() == []


def test_a_ca_that_this_machine_does_not_trust(pi, authority, secure, one):
    secure(authority.sign("broker"), ca=False)
    finding = one("tls-unknown-ca")
    (line,) = re.findall(r'`(ca = ".*?")`', finding.remedy)
    pi.change("[mqtt]", "[mqtt]\n" + line.replace("/etc/edge-agent/ca.pem", str(authority.ca)))
    assert pi.findings() == []


def test_a_ca_file_that_does_not_exist(pi, authority, secure, one):
    secure(authority.sign("broker"))
    pi.change(str(authority.ca), "/nonexistent/ca.pem")
    finding = one("tls-files")
    assert "mqtt.ca = /nonexistent/ca.pem" in finding.what
    assert "PEM" in finding.remedy


def with_client(pi, signed):
    pem, key = (pi.path(f"/etc/edge-agent/client.{end}") for end in ("pem", "key"))
    put(pi, signed)
    pi.change("[mqtt]", f'[mqtt]\ncertificate = "{pem}"\nkey = "{key}"')


def put(pi, signed):
    pi.write("/etc/edge-agent/client.pem", signed.pem.read_bytes())
    pi.write("/etc/edge-agent/client.key", signed.key.read_bytes())
    pi.path("/etc/edge-agent/client.key").chmod(0o640)
    pi.own("/etc/edge-agent/client.key", 0, 990)


@pytest.mark.parametrize(
    ("id_", "dates", "remedy"),
    [
        ("client-certificate-expired", {"begins": -10, "ends": -1}, "get a new one"),
        ("client-certificate-not-yet-valid", {"begins": 5, "ends": 50}, "timedatectl"),
        ("client-certificate-expires-soon", {"ends": 13}, "get a new one"),
    ],
)
def test_dates_of_our_own_certificate(pi, authority, secure, one, id_, dates, remedy):
    secure(authority.sign("broker"))
    wrong, right = authority.sign("wrong", **dates), authority.sign("right")
    with_client(pi, wrong)
    assert remedy in one(id_).remedy
    put(pi, right)
    assert pi.findings() == []


def test_a_file_that_is_not_a_certificate(pi, authority, secure):
    secure(authority.sign("broker"))
    signed = authority.sign("client")
    with_client(pi, signed)
    pi.write(
        "/etc/edge-agent/client.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    assert {one.id for one in pi.findings()} == {"tls-files"}


@pytest.fixture
def guarded(pi, tmp_path, mosquitto):
    """A broker that requires a password, and the file with it."""
    accounts = tmp_path / "accounts"
    words = ["mosquitto_passwd", "-b", "-c", str(accounts), "shed", "correct horse"]
    subprocess.run(words, check=True, capture_output=True)
    accounts.chmod(0o600)
    broker = mosquitto(f"user root\nallow_anonymous false\npassword_file {accounts}\n").start()
    pi.write("/etc/edge-agent/password", "correct horse\n")
    password = pi.path("/etc/edge-agent/password")
    password.chmod(0o640)
    pi.own("/etc/edge-agent/password", 0, 990)
    lines = f'url = "{broker.url}"\nusername = "shed"\npassword_file = "{password}"'
    pi.change(f'url = "{pi.url}"', lines)
    return password


def test_the_right_password_gives_no_finding(pi, guarded):
    assert pi.findings() == []


def test_a_wrong_password(pi, guarded, one):
    guarded.write_text("wrong horse\n")
    finding = one("broker-refuses-login")
    assert "refuses user 'shed'" in finding.what
    assert "`sudo mosquitto_passwd /etc/mosquitto/passwd shed`" in finding.remedy
    guarded.write_text("correct horse\n")
    assert pi.findings() == []


def test_no_user_for_a_broker_without_anonymous_clients(pi, guarded, one):
    pi.change('username = "shed"', "")
    assert "set `username = ...`" in one("broker-refuses-login").remedy


def test_a_password_that_all_can_read(pi, guarded, one):
    guarded.chmod(0o644)
    finding = one("credential-exposed")
    pi.follow(finding)
    assert guarded.stat().st_mode & 0o7 == 0
    assert pi.findings() == []


def test_a_password_that_the_service_may_not_read(pi, guarded, one):
    guarded.chmod(0o600)
    pi.own("/etc/edge-agent/password", 0, 0)
    pi.follow(one("credential-not-readable"))
    assert pi.findings() == []


def test_a_password_file_that_does_not_exist(pi, guarded, one):
    guarded.unlink()
    finding = one("credential-missing")
    (command,) = re.findall("`(.+?)`", finding.remedy)
    pi.shell(f"{command} <<< 'correct horse'")
    pi.own("/etc/edge-agent/password", 0, 990)
    assert pi.findings() == []


def test_a_credential_is_looked_for_where_systemd_loads_it_from(pi, guarded, one):
    named = "$CREDENTIALS_DIRECTORY/edge-agent.mqtt-password"
    pi.change(str(guarded), named)
    finding = one("credential-missing")
    assert finding.where == str(pi.path("/etc/credstore/edge-agent.mqtt-password"))
    (command,) = re.findall("`(.+?)`", finding.remedy)
    pi.shell(f"{command} <<< 'correct horse'")
    assert pi.findings() == []


def test_a_credential_that_the_unit_does_not_load(pi, guarded, one):
    pi.change(str(guarded), "$CREDENTIALS_DIRECTORY/another")
    pi.write("/etc/credstore/another", "correct horse\n")
    pi.path("/etc/credstore/another").chmod(0o600)
    pi.follow(one("credential-not-loaded"))
    assert pi.findings() == []


def test_a_variable_that_is_not_set(pi, guarded, one):
    pi.change(f'password_file = "{guarded}"', 'password_env = "MQTT_PASSWORD"')
    assert "CREDENTIALS_DIRECTORY" in one("credential-variable").remedy
    pi.environment["MQTT_PASSWORD"] = "correct horse"
    assert pi.findings() == []


def test_tls_files_without_tls_are_an_error_of_the_configuration(pi, one):
    pi.change("[mqtt]", '[mqtt]\nca = "/etc/edge-agent/ca.pem"')
    assert "unused; write mqtts:// in url" in one("config-wrong").what


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Apprise
def test_a_missing_notification_address_hides_nothing_else(pi, one):
    file = pi.path("/etc/edge-agent/phone")
    pi.file.write_text(f'{pi.file.read_text()}[[notify]]\nname = "n"\nurl_file = "{file}"\n')
    finding = one("credential-missing")
    assert finding.where == str(file)
    assert pi.case().blueprint.devices
    file.write_text("ntfy://topic")
    file.chmod(0o640)
    pi.own("/etc/edge-agent/phone", 0, 990)
    assert pi.findings() == []


def test_a_login_does_not_disconnect_the_agent(pi, broker, wait_for):
    agent, lost = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="edge-shed"), []
    agent.on_disconnect = lambda *words: lost.append(words)
    agent.connect("127.0.0.1", broker.port)
    agent.loop_start()
    try:
        wait_for(agent.is_connected)
        assert pi.findings() == []
    finally:
        agent.loop_stop()
    assert lost == []
    assert agent.is_connected()


@pytest.fixture
def listening(pi):
    """A function: listen in the broker's place; `answer` takes a CONNECT's version."""
    threads = []

    def listen(answer):
        server = socket.create_server(("127.0.0.1", 0))
        versions = []

        def serve():
            with server:
                while (version := accepted(server, answer)) is not None:
                    versions.extend(version)

        threads.append((server, threading.Thread(target=serve)))
        threads[-1][1].start()
        pi.change(pi.url, f"mqtt://127.0.0.1:{server.getsockname()[1]}")
        return versions

    yield listen
    for server, thread in threads:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def accepted(server, answer):
    """Serve one connection; return the versions that its CONNECT names, or None at the end."""
    try:
        connection, _ = server.accept()
    except OSError:
        return None
    with connection:
        version = connection.recv(1000)[8:9]
        reply = answer(version[0]) if version else b""
        connection.sendall(reply)
        if reply == b"":
            connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    return version


def test_a_broker_that_closes_on_version_5_is_named(listening, one):
    versions = listening(lambda version: b"\x20\x02\0\0" if version == 4 else b"")
    finding = one("broker-hides-refusals")
    assert "MQTT 3.1.1, in which it cannot say that it refuses an event" in finding.what
    assert "use a broker with MQTT 5" in finding.remedy
    assert versions[:5] == [5, 5, 4, 5, 4]  # then it asks for statistics


def test_a_broker_that_refuses_version_5_is_named(listening, one):
    listening(lambda version: b"\x20\x02\0\0" if version == 4 else b"\x20\x03\0\x84\0")
    assert one("broker-hides-refusals").severity == "warning"


def test_silence_is_no_reason_to_try_another_version(pi, broker, monkeypatch):
    tried = []

    def silent(_address, _login, version):
        tried.append(version)
        return login.Attempt(login.SILENT, version)

    monkeypatch.setattr(login, "_try", silent)
    assert [finding.id for finding in pi.findings()] == ["broker-silent"]
    assert tried == [5]


def test_a_configuration_without_version_5_is_named(pi, one):
    pi.change("[mqtt]", "[mqtt]\nversions = [4]")
    assert "add it" in one("broker-hides-refusals").remedy
    pi.change("versions = [4]", "versions = [5, 4]")
    assert pi.findings() == []


def test_a_short_queue_of_the_local_broker(pi, one):
    pi.write("/etc/mosquitto/mosquitto.conf", "include_dir /etc/mosquitto/conf.d\n")
    finding = one("broker-queue-short")
    assert "holds 1,000 messages; after an outage `catch_up` fills it in 2 s" in finding.what
    pi.write("/etc/mosquitto/conf.d/queues.conf", re.findall(r"echo '(.*?)'", finding.remedy)[0])
    assert pi.findings() == []


@pytest.mark.parametrize(
    ("limit", "catch_up", "found"),
    [(4999, 500, True), (5000, 500, False), (0, 500, False), (9999, 0, True), (1000, 100, False)],
)
def test_a_queue_is_short_if_a_backlog_fills_it_within_ten_seconds(pi, limit, catch_up, found):
    pi.write("/etc/mosquitto/mosquitto.conf", f"# comment\nmax_queued_messages {limit}\n")
    pi.change("[mqtt]", f"[mqtt]\ncatch_up = {catch_up}")
    assert [one.id for one in pi.findings()] == ["broker-queue-short"] * found


def test_a_queue_of_a_broker_on_another_machine_is_not_this_machines(pi):
    def connect(_address, _seconds):
        raise TimeoutError("timed out")

    pi.write("/etc/mosquitto/mosquitto.conf", "max_queued_messages 10\n")
    pi.connect = connect
    pi.change("127.0.0.1", "192.0.2.1")
    assert [one.id for one in pi.findings()] == ["broker-timeout"]


def test_a_broker_that_has_dropped_messages(pi, mosquitto, wait_for):
    broker = mosquitto("allow_anonymous true\nsys_interval 1\nmax_queued_messages 1\n").start()
    pi.change(pi.url, broker.url)
    assert pi.findings() == []
    flood(broker.port)
    (finding,) = wait_for(pi.findings)
    assert finding.id == "broker-dropped-messages"
    assert re.search(r"has dropped [\d,]+ messages since its start", finding.what)


def flood(port):
    """Publish to a subscriber with a session that is away."""
    away = paho.Client(paho.CallbackAPIVersion.VERSION2, "away", clean_session=False)
    away.on_connect = lambda *_: away.subscribe("flood", 1)
    away.on_subscribe = lambda *_: away.disconnect()
    away.connect("127.0.0.1", port)
    away.loop_forever()
    sender = paho.Client(paho.CallbackAPIVersion.VERSION2)
    sender.connect("127.0.0.1", port)
    sender.loop_start()
    for _ in range(50):
        sender.publish("flood", "x", 1).wait_for_publish(60)
    sender.disconnect()
    sender.loop_stop()
