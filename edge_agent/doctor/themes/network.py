"""Theme: the broker can be reached and trusted, and accepts the configured user and password."""

import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import msgspec

from edge_agent.deliver.mqtt.address import Address, parse_url
from edge_agent.deliver.mqtt.dial import dial
from edge_agent.deliver.mqtt.obstacle import Obstacle
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.version import REMEDY, hides_refusals
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.instruments.login import SILENT, SUCCESS, Login, log_in
from edge_agent.doctor.themes import credentials, queues, tls
from edge_agent.doctor.themes.second_brokers import at_every_broker

ADVICE = {
    "broker-name": "correct `url`, or install mDNS for a name in `.local`",
    "broker-refused": "start the broker, and let it listen on the network",
    "broker-timeout": "switch it on, or open the port in the firewall",
    "broker-unreachable": "connect this machine to a network",
    "broker-behind-proxy": "correct the proxy in the environment, or add the host to `no_proxy`",
    "broker-silent": "correct the port, or use mqtts://",
    "broker-hides-refusals": "use a broker with MQTT 5",
    "broker-refuses-login": "correct `username` and password, here or on the broker",
    **queues.ADVICE,
    **tls.ADVICE,
    **credentials.ADVICE,
}


def check_broker(case: Case) -> Iterator[Finding]:
    """Try every address; if one works, problems of the others are only warnings."""
    found = [list(_examine(case, address)) for address in _addresses(case)]
    some_work = not all(map(_has_problem, found))
    for finding in (finding for findings in found for finding in findings):
        yield msgspec.structs.replace(finding, severity="warning") if some_work else finding


def _has_problem(findings: list[Finding]) -> bool:
    return any(finding.severity == "problem" for finding in findings)


def _addresses(case: Case) -> Iterator[Address]:
    given = case.config.mqtt.url if case.config else ()
    for url in (given,) if isinstance(given, str) else given:
        try:
            yield parse_url(url)
        except ValueError:
            continue  # the theme `configuration` reports it


def _examine(case: Case, address: Address) -> Iterator[Finding]:
    """Try connection, TLS and MQTT login, up to the first problem."""
    dial = partial(_dial, case)
    try:
        with closing(dial(address)):
            pass
    except OSError as error:
        yield _unreachable(case, address, error)
        return
    found = list(tls.shake_hands(case, address, dial)) if address.tls else []
    yield from found
    if not _has_problem(found):
        yield from _log_in(case, address)


def _dial(case: Case, address: Address) -> socket.socket:
    return dial(address, case.probes.timeout, case.probes.connect)


def _unreachable(case: Case, address: Address, error: OSError) -> Finding:
    where = str(address)
    if isinstance(error, socket.gaierror):
        what = f"{address.host} does not resolve"
        return problem("broker-name", where, what, _correct_name(case, address))
    if isinstance(error, ConnectionRefusedError):
        return problem("broker-refused", where, "no broker listens there", _start(case, address))
    if isinstance(error, TimeoutError):
        what = (
            f"no answer within {case.probes.timeout:g} s: the machine is off, or a firewall blocks"
            f" port {address.port}"
        )
        remedy = f"`ping {address.host}`, and open port {address.port}; or {_correct_url(case)}"
        return problem("broker-timeout", where, what, remedy)
    if isinstance(error, Obstacle):
        what, _, remedy = str(error).partition("; ")
        return problem("broker-behind-proxy", where, what, remedy)
    what = f"cannot be reached: {error.strerror or error}"
    remedy = (
        "`ip route` shows whether this machine has a network; plug in the cable, or use `nmtui`"
    )
    return problem("broker-unreachable", where, what, remedy)


def _correct_url(case: Case) -> str:
    return f"correct `url` under [mqtt] in {case.file}"


def _other_url(address: Address) -> str:
    if address.path:
        return f"the path of MQTT on that server may not be {address.path}"
    return "mqtts:// and port 8883 if the broker requires TLS"


def _correct_name(case: Case, address: Address) -> str:
    remedy = f"{_correct_url(case)}; `getent hosts {address.host}` tests a name"
    if address.host.endswith(".local"):
        return f"`sudo apt install avahi-daemon libnss-mdns`; or {remedy}"
    return remedy


def _start(case: Case, address: Address) -> str:
    if address.host in queues.LOOPBACK:
        start = "`sudo apt install mosquitto && sudo systemctl enable --now mosquitto`"
        return f"{start}; or {_correct_url(case)}"
    return (
        "`sudo systemctl enable --now mosquitto` on that machine, and write"
        f" `listener {address.port}` into its /etc/mosquitto/conf.d/network.conf: without it"
        f" mosquitto accepts only local connections; or {_correct_url(case)}"
    )


def _log_in(case: Case, address: Address) -> Iterator[Finding]:
    options = case.config.mqtt if case.config else MqttOptions()
    if options.profile:
        return  # such a service knows one client id, and would end the agent's connection
    try:
        password = case.credentials.password()
    except FileNotFoundError:
        return  # the checks of credentials report it
    context = tls.context_of(case) if address.tls else None
    login = Login(options.username, password, context, options.versions, case.probes.timeout)
    answer, version, _ = log_in(address, login)
    if answer == SUCCESS:
        yield from _connected(case, address, login, version)
    elif answer == SILENT:
        what = "it accepts connections, but does not answer in MQTT"
        remedy = f"{_correct_url(case)}: {_other_url(address)}"
        yield problem("broker-silent", str(address), what, remedy)
    else:
        yield _refused(case, address, answer, options.username)


def _connected(case: Case, address: Address, login: Login, version: int) -> Iterator[Finding]:
    """Look at what a broker that accepts the agent may lose."""
    if hides_refusals(version):
        what = "it is spoken to in MQTT 3.1.1, in which it cannot say that it refuses an event"
        remedy = f"{REMEDY}; if `versions` under [mqtt] in {case.file} lacks 5, add it"
        yield warning("broker-hides-refusals", str(address), what, remedy)
    yield from queues.look_at_queues(case, address, login, version)


def _refused(case: Case, address: Address, answer: str, username: str) -> Finding:
    what = f"the broker refuses user {username!r}: {answer}"
    remedy = (
        f"correct `username` and the password in {case.file}; or on the broker's machine"
        f" `sudo mosquitto_passwd /etc/mosquitto/passwd {username}`, then"
        " `sudo systemctl reload mosquitto`"
    )
    if not username:
        what = f"the broker does not allow anonymous clients: {answer}"
        remedy = f"set `username = ...` and `password_file = ...` under [mqtt] in {case.file}"
    return problem("broker-refuses-login", str(address), what, remedy)


def _skip(case: Case) -> str:
    return "" if case.config else "no readable configuration names a broker"


THEME = Theme(
    "network",
    (
        credentials.check_files,
        *map(
            at_every_broker,
            (credentials.check_variable, tls.check_own_certificate, check_broker),
        ),
    ),
    ADVICE,
    _skip,
)
