"""What proves to a destination who the agent is: a password, TLS files."""

import os
import ssl
from pathlib import Path
from typing import NamedTuple

from edge_agent.errors import AgentError
from edge_agent.keys import FILE, SECRET_FILE, named
from edge_agent.paths import bounded_content, expanded
from edge_agent.private_files import refuse_exposed

LONGEST_PASSWORD = 65_535  # bytes, in MQTT
OF_OPENSSL = {
    "NO_CERTIFICATE_OR_CRL_FOUND": "no certificate is in it",
    "KEY_VALUES_MISMATCH": "the key belongs to another certificate",
}
SHORTEST_OF_PAGE = 12  # characters


class TlsFiles(NamedTuple):
    """Paths of PEM files; empty ones are left to the system, or not used."""

    ca: str = ""
    certificate: str = ""
    key: str = ""


def tls_context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    """Return the context of a connection; raise AgentError naming the file that cannot be used."""
    try:
        if ca:
            bounded_content(Path(ca))  # OpenSSL would wait for a pipe, and read on for ever
        context = ssl.create_default_context(cafile=ca or None)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # 3.13 refuses CAs that 3.11 takes
    except OSError as error:
        raise AgentError(
            f"{named('ca', ca, FILE)}: {_reason(error)}", "give a readable PEM file"
        ) from None
    if certificate or key:
        _load_certificate(context, certificate, key)
    return context


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return the context of a server; raise AgentError naming the file that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_certificate(context, certificate, key)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    for name, file, marks in (
        ("certificate", certificate, FILE),
        ("key", key, SECRET_FILE),
    ):
        try:
            bounded_content(Path(file))
        except OSError as error:
            raise AgentError(
                f"{named(name, file, marks)}: {_reason(error)}", "give a readable PEM file"
            ) from None
    try:
        context.load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError) as error:
        raise AgentError(
            f"{named('certificate', certificate, FILE)}, {named('key', key)}: {_reason(error)}",
            "the two must be PEM files, belong together, and have no passphrase",
        ) from None


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return OF_OPENSSL.get(error.reason or "", "not understood")
    return str(getattr(error, "reason", None) or error.strerror or error)


def read_password(file: str, variable: str) -> str:
    """Return the password from a variable, else from a file without its last line end.

    Raise AgentError, without a name, if it cannot be read or sent.
    """
    try:
        content = _content(file, variable)
        if len(content) > LONGEST_PASSWORD:
            raise AgentError(f"more than {LONGEST_PASSWORD} bytes", "give the password alone")
        password = content.decode("utf-8-sig")  # as editors of Windows begin a file
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AgentError(reason, "give a readable text file") from None
    if file and not variable and (not password or "\n" in password):
        what = "more than one line is in it" if password else "it is empty"
        raise AgentError(what, "write the secret alone, in one line")
    return password


def read_page_password(file: str, variable: str) -> str:
    """Return the password of a page, as `read_password` does.

    Raise AgentError also if it is short, or if every user of the machine can read the file.
    """
    password = read_password(file, variable)
    if not variable:
        refuse_exposed(expanded(file))
    if len(password) < SHORTEST_OF_PAGE:
        what = f"the password has {len(password)} characters"
        raise AgentError(f"{what}; choose one of {SHORTEST_OF_PAGE} or more")
    return password


def _content(file: str, variable: str) -> bytes:
    if variable:
        if variable not in os.environ:
            raise AgentError("not set in the environment", "set it for the agent's process")
        return os.fsencode(os.environ[variable])
    if not file:
        return b""
    return bounded_content(Path(expanded(file))).rstrip(b"\r\n")
