"""TLS to the broker: our own files, and the certificate that the broker presents."""

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from edge_agent.deliver.credentials import tls_context
from edge_agent.deliver.mqtt.address import Address
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning
from edge_agent.doctor.instruments.certificate import validity
from edge_agent.errors import AgentError

SOON = 14 * 86400  # seconds
# OpenSSL, x509_vfy.h
NOT_YET_VALID, EXPIRED = 9, 10
NAME_MISMATCH = {62, 64}
UNKNOWN_CA = {18, 19, 20, 21}
SET_CLOCK = (
    "`timedatectl` shows this machine's clock; if it is wrong, `sudo timedatectl set-ntp true`"
)
ADVICE = {
    "tls-expired": "renew the broker's certificate",
    "tls-expires-soon": "the same, within 14 days",
    "tls-not-yet-valid": "set this machine's clock",
    "tls-name": "use a name that is in the certificate",
    "tls-unknown-ca": '`ca = "…"` in `[mqtt]`',
    "tls-failed": "use mqtt:// if the broker does not offer TLS",
    "tls-files": "give readable PEM files that belong together",
    "client-certificate-expired": "get a new one",
    "client-certificate-expires-soon": "the same, within 14 days",
    "client-certificate-not-yet-valid": "set this machine's clock",
}

Dial: TypeAlias = Callable[[Address], socket.socket]


def context_of(case: Case) -> ssl.SSLContext:
    """Return the TLS context of the configuration; raise AgentError or PermissionError."""
    mqtt = case.config.mqtt if case.config else None
    named = (mqtt.ca, mqtt.certificate, mqtt.key) if mqtt else ("", "", "")
    paths = [str(case.credentials.path_of(name) or name) if name else "" for name in named]
    for path in filter(None, paths):
        if Path(path).exists():
            Path(path).open("rb").close()  # distinguishes a missing permission from a broken file
    return tls_context(*paths)


def check_own_certificate(case: Case) -> Iterator[Finding]:
    """Check that our own certificate is valid now and for two more weeks."""
    name = case.config.mqtt.certificate if case.config else ""
    path = case.credentials.path_of(name) if name else None
    if path is None or not path.exists():
        return  # the next check reports it
    now = case.clock.now().time / 1e6
    try:
        dates = validity(path.read_text(encoding="ascii", errors="replace"))
    except ValueError as error:
        remedy = "use a PEM file that begins with this client's certificate"
        yield problem("tls-files", str(path), str(error), remedy)
        return
    remedy = f"get a new one from the CA that issued it, and write it to {path}"
    if dates.ends < now:
        what = f"this client's certificate expired on {_day(dates.ends)}"
        yield problem("client-certificate-expired", str(path), what, remedy)
    elif dates.begins > now:
        what = f"this client's certificate is not valid before {_day(dates.begins)}"
        yield problem("client-certificate-not-yet-valid", str(path), what, SET_CLOCK)
    elif dates.ends - now < SOON:
        what = f"this client's certificate expires on {_day(dates.ends)}"
        yield warning("client-certificate-expires-soon", str(path), what, remedy)


def shake_hands(case: Case, address: Address, dial: Dial) -> Iterator[Finding]:
    """Connect with TLS as the agent does; yield what is wrong with the broker's certificate."""
    try:
        context = context_of(case)
    except AgentError as error:
        yield problem("tls-files", str(case.file), f"mqtt.{error.what}", error.remedy)
        return
    try:
        presented = _certificate(context, address, dial)
    except ssl.SSLCertVerificationError as error:
        yield _distrusted(case, address, error, dial)
        return
    except OSError as error:
        what = f"the broker does not offer TLS on this port ({error.strerror or error})"
        remedy = f"use mqtt:// instead of mqtts://, or the right port, in {case.file}"
        yield problem("tls-failed", str(address), what, remedy)
        return
    ends = ssl.cert_time_to_seconds(presented["notAfter"])
    if ends - case.clock.now().time / 1e6 < SOON:
        what = f"the broker's certificate expires on {_day(ends)}"
        yield warning("tls-expires-soon", str(address), what, _renew())


def _certificate(context: ssl.SSLContext, address: Address, dial: Dial) -> dict[str, Any]:
    with (
        dial(address) as plain,
        context.wrap_socket(plain, server_hostname=address.host) as wrapped,
    ):
        return dict(wrapped.getpeercert() or {})


def _distrusted(
    case: Case, address: Address, error: ssl.SSLCertVerificationError, dial: Dial
) -> Finding:
    where, code = str(address), error.verify_code
    if code == EXPIRED:
        return problem("tls-expired", where, "the broker's certificate has expired", _renew())
    if code == NOT_YET_VALID:
        what = "by this machine's clock, the broker's certificate is not valid yet"
        return problem("tls-not-yet-valid", where, what, SET_CLOCK)
    if code in NAME_MISMATCH:
        return _misnamed(case, address, dial)
    if code in UNKNOWN_CA:
        what = f"the certificate is not signed by a CA this machine trusts ({_text(error)})"
        remedy = (
            f'set `ca = "/etc/edge-agent/ca.pem"` under [mqtt] in {case.file}, and copy the'
            " certificate of the broker's CA to that path"
        )
        return problem("tls-unknown-ca", where, what, remedy)
    return problem("tls-failed", where, _text(error), _renew())


def _misnamed(case: Case, address: Address, dial: Dial) -> Finding:
    context = context_of(case)
    context.check_hostname = False
    alternatives = _certificate(context, address, dial).get("subjectAltName", ())
    names = [name for _, name in alternatives] or ["NAME"]
    url = f"mqtts://{names[0].replace('*', 'broker')}:{address.port}"
    what = f"the broker's certificate is not for {address.host}, but for {', '.join(names)}"
    remedy = f'set `url = "{url}"` under [mqtt] in {case.file}'
    return problem("tls-name", str(address), what, remedy)


def _text(error: ssl.SSLCertVerificationError) -> str:
    return str(error.verify_message)


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _renew() -> str:
    return "renew it on the broker's machine, then `sudo systemctl restart mosquitto` there"
