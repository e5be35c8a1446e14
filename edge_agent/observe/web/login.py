"""Who may use the page: sessions after a login; without a password, this machine alone."""

import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

SECONDS = 14 * 86400.0  # that a session lasts without a request
SESSIONS = 100  # the one that was used longest ago ends first
BEARER = "bearer "
TOKEN_BYTES = 24
LOCAL_HOST = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class PageSession(NamedTuple):
    """What a browser may do: with `csrf`, also what has an effect. `used` is in s, monotonic."""

    csrf: str
    used: float


class PageLogin:
    """Knows the password, if there is one, and the sessions; the web thread owns it."""

    def __init__(self, password: str, port: int) -> None:
        self.cookie = f"edge_session_{port}"  # browsers do not tell apart the ports of a host
        self._digest = _digest(password) if password else b""
        self._sessions: OrderedDict[str, PageSession] = OrderedDict()
        self._local = PageSession(secrets.token_urlsafe(TOKEN_BYTES), 0.0)

    @property
    def needed(self) -> bool:
        """Return whether there is a password."""
        return bool(self._digest)

    def is_right(self, password: str) -> bool:
        """Return whether this is the password, in a time that does not depend on it."""
        return hmac.compare_digest(_digest(password), self._digest)

    def begin(self, now: float) -> str:
        """Return the cookie of a new session."""
        cookie = secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions[cookie] = PageSession(secrets.token_urlsafe(TOKEN_BYTES), now)
        if len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        return cookie

    def session(self, cookie: str, now: float) -> PageSession | None:
        """Return the session of a cookie, which lasts longer by that; None if there is none."""
        if not self.needed:
            return self._local
        found = self._sessions.pop(cookie, None)
        if found is None or now - found.used > SECONDS:
            return None
        self._sessions[cookie] = found._replace(used=now)
        return found

    def end(self, cookie: str) -> None:
        """End a session."""
        self._sessions.pop(cookie, None)


def bearer(headers: Mapping[str, str]) -> str:
    """Return what a program sends in place of a cookie; empty if it sends nothing."""
    given = headers.get("authorization", "")
    return given[len(BEARER) :] if given.lower().startswith(BEARER) else ""


def is_local(host: str) -> bool:
    """Return whether a Host header names this machine as only a browser on it can.

    Any other name may be a site of the internet that resolves to this machine.
    """
    return LOCAL_HOST.fullmatch(host) is not None


def _digest(password: str) -> bytes:
    return sha256(password.encode("utf-8", "surrogatepass")).digest()
