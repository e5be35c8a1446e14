"""Why a server could not be asked, in plain words, with the remedy."""

import ssl
from http.client import HTTPException
from socket import gaierror

NOT_FOR_THIS_TIME = {9, 10}  # OpenSSL's codes: not valid yet, expired
OTHER_NAME = {62, 64}  # host name, IP address
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
WANTS_CERTIFICATE = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "ALERT_BAD_CERTIFICATE")
REFUSES_CERTIFICATE = ("UNKNOWN_CA", "CERTIFICATE_UNKNOWN")
NETWORK = "check the network, and whether the server runs"
UNREADABLE = (OSError, HTTPException, ValueError)  # what sending and reading may raise
CLOSED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
KNOWN: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    (CLOSED, "it closes the connection without an answer", "look into the server's log"),
    ((ConnectionRefusedError,), "nothing listens on this port", "start the server, or check it"),
    ((HTTPException,), "its answer is not HTTP, or has no end", "check host and port of the URL"),
)


def explain(error: Exception) -> tuple[str, str]:
    """Return what happened and what to do."""
    for kinds, what, remedy in KNOWN:
        if isinstance(error, kinds):
            return what, remedy
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, gaierror):
        return f"the host name has no address ({error.strerror})", "check the name, and DNS"
    return str(getattr(error, "strerror", None) or error), NETWORK


def _certificate(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    what = f"its certificate is not accepted: {error.verify_message.rstrip('.')}"
    if error.verify_code in NOT_FOR_THIS_TIME:
        return what, "check this machine's clock, or have the certificate renewed"
    if error.verify_code in OTHER_NAME:
        return what, "write the host in url as the certificate names it"
    return what, "name the file of the CA that signed it in ca"


def _tls(error: ssl.SSLError) -> tuple[str, str]:
    reason = error.reason or str(error)
    if any(name in reason for name in NO_TLS):
        return "this port does not speak TLS", "check the port of the URL"
    if any(name in reason for name in WANTS_CERTIFICATE):
        return f"TLS failed ({reason})", "the server may want a certificate and key; set both"
    if "CERTIFICATE_EXPIRED" in reason:
        return f"it refuses our certificate ({reason})", "have the certificate renewed"
    if any(name in reason for name in REFUSES_CERTIFICATE):
        return f"it refuses our certificate ({reason})", "use one whose CA the server trusts"
    return f"TLS failed ({reason})", NETWORK
