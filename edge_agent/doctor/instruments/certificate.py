"""When a PEM certificate is valid: reads its DER as far as the dates (RFC 5280 §4.1)."""

import ssl
from datetime import UTC, datetime
from typing import NamedTuple

SEQUENCE, EXPLICIT_0, UTC_TIME, GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
FORMATS = {UTC_TIME: "%y%m%d%H%M%SZ", GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}


class Validity(NamedTuple):
    """Seconds since 1970."""

    begins: float
    ends: float


def validity(pem: str) -> Validity:
    """Return the dates of a file's first certificate; raise ValueError if there is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    _, found, rest = pem.partition(begin)
    if not found or end not in rest:
        raise ValueError("not a PEM certificate")
    der = ssl.PEM_cert_to_DER_cert(begin + rest.partition(end)[0] + end)
    certificate, _ = _enter(der, SEQUENCE)
    fields, _ = _enter(certificate, SEQUENCE)
    if fields[:1] == bytes([EXPLICIT_0]):
        fields = _skip(fields)  # the version
    for _ in ("serial number", "signature algorithm", "issuer"):
        fields = _skip(fields)
    dates, _ = _enter(fields, SEQUENCE)
    begins, dates = _date(dates)
    return Validity(begins, _date(dates)[0])


def _split(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag and the content of the first value, and what follows it."""
    if len(data) < 2:
        raise ValueError("the certificate ends too early")
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return tag, data[start : start + length], data[start + length :]


def _enter(data: bytes, expected: int) -> tuple[bytes, bytes]:
    tag, content, rest = _split(data)
    if tag != expected:
        raise ValueError(f"not a certificate: found tag 0x{tag:02x}, expected 0x{expected:02x}")
    return content, rest


def _skip(data: bytes) -> bytes:
    return _split(data)[2]


def _date(data: bytes) -> tuple[float, bytes]:
    tag, content, rest = _split(data)
    if tag not in FORMATS:
        raise ValueError("not a certificate: a date is missing")
    moment = datetime.strptime(content.decode("ascii"), FORMATS[tag]).replace(tzinfo=UTC)
    return moment.timestamp(), rest
