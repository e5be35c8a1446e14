"""Theme: the broker can be reached, trusted, and takes our user and password."""

import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import msgspec

from edge_agent.deliver.mqtt.address import Address, parse_url
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem
from edge_agent.doctor.instruments.login import SILENT, Login, log_in
from edge_agent.doctor.themes.credentials import check_credentials, password
from edge_agent.doctor.themes.tls import check_own_certificate, context_of, shake_hands

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def check_broker(case: Case) -> Iterator[Finding]:
    """Try every address; where some work, the others are worth a warning only."""
    found = [list(_examine(case, address)) for address in _addresses(case)]
    some_work = any(
        not any(finding.severity == "problem" for finding in findings) for findings in found
    )
    for finding in (finding for findings in found for finding in findings):
        yield msgspec.structs.replace(finding, severity="warning") if some_work else finding


def _addresses(case: Case) -> Iterator[Address]:
    given = case.config.mqtt.url if case.config else ()
    for url in (given,) if isinstance(given, str) else given:
        try:
            yield parse_url(url)
        except ValueError:
            continue  # the theme of the configuration tells


def _examine(case: Case, address: Address) -> Iterator[Finding]:
    """Go as far as it goes: connection, TLS, MQTT."""
    dial = partial(_dial, case)
    try:
        with closing(dial(address)):
            pass
    except OSError as error:
        yield _unreachable(case, address, error)
        return
    found = list(shake_hands(case, address, dial)) if address.tls else []
    yield from found
    if not any(finding.severity == "problem" for finding in found):
        yield from _log_in(case, address)


def _dial(case: Case, address: Address) -> socket.socket:
    return case.probes.connect((address.host, address.port), case.probes.patience)


def _unreachable(case: Case, address: Address, error: OSError) -> Finding:
    where = str(address)
    if isinstance(error, socket.gaierror):
        remedy = (
            f"correct `url` below [mqtt] in {case.file}; `getent hosts {address.host}` tries it"
        )
        if address.host.endswith(".local"):
            remedy = f"`sudo apt install avahi-daemon libnss-mdns`; or {remedy}"
        return problem("broker-name", where, f"nobody knows the name {address.host}", remedy)
    if isinstance(error, ConnectionRefusedError):
        return problem("broker-refused", where, "no broker listens there", _start(case, address))
    if isinstance(error, TimeoutError):
        what = (
            f"no answer in {case.probes.patience:g} s: the machine is off, or a firewall is between"
        )
        remedy = f"`ping {address.host}`, and let port {address.port} through; or correct `url`"
        remedy += f" below [mqtt] in {case.file}"
        return problem("broker-timeout", where, what, remedy)
    what = f"cannot be reached: {error.strerror or error}"
    remedy = "`ip route` shows whether this machine has a network; plug the cable in, or `nmtui`"
    return problem("broker-unreachable", where, what, remedy)


def _start(case: Case, address: Address) -> str:
    if address.host in LOOPBACK:
        start = "`sudo apt install mosquitto && sudo systemctl enable --now mosquitto`"
        return f"{start}; or correct `url` below [mqtt] in {case.file}"
    return (
        "`sudo systemctl enable --now mosquitto` on that machine, and write"
        f" `listener {address.port}` into its /etc/mosquitto/conf.d/network.conf: without it"
        f" mosquitto takes local connections only; or correct `url` below [mqtt] in {case.file}"
    )


def _log_in(case: Case, address: Address) -> Iterator[Finding]:
    username = case.config.mqtt.username if case.config else ""
    try:
        secret = password(case)
    except FileNotFoundError:
        return  # the check of credentials tells
    tls = context_of(case) if address.tls else None
    said = log_in(address, Login(username, secret, tls, case.probes.patience))
    if said == SILENT:
        what = "it takes connections, but does not answer in MQTT"
        remedy = f"correct `url` below [mqtt] in {case.file}: mqtts:// and 8883 where it wants TLS"
        yield problem("broker-silent", str(address), what, remedy)
    elif said != "Success":
        yield _refused(case, address, said, username)


def _refused(case: Case, address: Address, said: str, username: str) -> Finding:
    what = f"the broker refuses user {username!r}: {said}"
    remedy = (
        f"correct `username` and the password in {case.file}; or on the broker's machine"
        f" `sudo mosquitto_passwd /etc/mosquitto/passwd {username}`, then"
        " `sudo systemctl reload mosquitto`"
    )
    if not username:
        what = f"the broker refuses who has no user name: {said}"
        remedy = f"write `username = ...` and `password_file = ...` below [mqtt] in {case.file}"
    return problem("broker-refuses-login", str(address), what, remedy)


THEME = Theme(
    "network",
    (check_credentials, check_own_certificate, check_broker),
    lambda case: "" if case.config else "no configuration that names a broker can be read here",
)
