"""What proves to a web server who posts: a bearer token, a signature as in Standard Webhooks.

The signature covers the message's id, the time and the body, so that a copy of the request is of
no use later; https://www.standardwebhooks.com has libraries that check it.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from typing import NamedTuple

from edge_agent.deliver.credentials import read_password
from edge_agent.deliver.http.options import HttpOptions
from edge_agent.errors import AgentError
from edge_agent.keys import named

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)  # as Standard Webhooks asks for
REMEDY = 'make one with: echo "whsec_$(openssl rand -base64 32)"'


class Authorization(NamedTuple):
    """Headers of a request, and the secrets that no message may show."""

    headers: dict[str, str]
    secrets: tuple[str, ...]


def authorize(options: HttpOptions, message_id: str, body: bytes, now: int) -> Authorization:
    """Return the headers of a request at `now`, in seconds since 1970; raise AgentError."""
    headers: dict[str, str] = {}
    token, secret = bearer_token(options), signing_secret(options)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if secret:
        headers["webhook-id"] = message_id
        headers["webhook-timestamp"] = str(now)
        headers["webhook-signature"] = sign(signing_key(secret), message_id, now, body)
    return Authorization(headers, tuple(text for text in (token, secret) if text))


def sign(key: bytes, message_id: str, now: int, body: bytes) -> str:
    """Return the signature of a message, as in Standard Webhooks."""
    digest = hmac.digest(key, f"{message_id}.{now}.".encode() + body, "sha256")
    return f"v1,{b64encode(digest).decode()}"


def signs(options: HttpOptions) -> bool:
    """Return whether requests are signed."""
    return bool(options.secret_env or options.secret_file)


def bearer_token(options: HttpOptions) -> str:
    """Return the token, or nothing; raise AgentError if no header can hold it."""
    token = _read(options, "token").strip()
    if not token and (options.token_env or options.token_file):
        raise AgentError("the token is empty", "write the token into it")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise AgentError("the token has a space or a character beyond ASCII", "write it again")
    return token


def signing_secret(options: HttpOptions) -> str:
    """Return the secret as text, or nothing; raise AgentError if it cannot be read."""
    return _read(options, "secret").strip()


def signing_key(secret: str) -> bytes:
    """Return the bytes of a secret; raise AgentError, without the secret."""
    try:
        if not secret.startswith(PREFIX):
            raise AgentError("the secret does not begin with whsec_", REMEDY)
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise AgentError("the secret is not base64 after whsec_", REMEDY) from None
    if len(key) not in KEY_BYTES:
        raise AgentError("the secret has not between 24 and 64 bytes", REMEDY)
    return key


def _read(options: HttpOptions, name: str) -> str:
    file, variable = getattr(options, f"{name}_file"), getattr(options, f"{name}_env")
    try:
        return read_password(file, variable)
    except AgentError as error:
        key = f"{name}_env" if variable else named(f"{name}_file", file)
        raise AgentError(f"{key}: {error.what}", error.remedy) from None
