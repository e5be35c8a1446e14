"""Which requests are answered: neither too many, nor of strangers, nor of other sites."""

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from edge_agent.observe.web.login import PageLogin, PageSession, bearer, is_local
from edge_agent.observe.web.rate import RateLimit, is_address, is_loopback
from edge_agent.observe.web.request import Refusal
from edge_agent.observe.web.static_files import PUBLIC

REQUESTS = (300, 30.0)  # of one address: at once, and in each second
TRIES = (5, 0.1)  # passwords of one address
ALL_TRIES = (30, 1.0)  # and of all addresses together
LOGIN = "/login"
FORWARDED = "x-forwarded-for"
ONLY_LOCAL = (
    "without a password, the page is only for this machine: open it as localhost;"
    " behind a proxy, set password_file in [web]"
)
JSON = "application/json"


class Knock(NamedTuple):
    """What decides about a request: the names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    address: str

    @property
    def client(self) -> str:
        """Return who asks: whom a proxy on this machine names, or the address itself."""
        named = self.headers.get(FORWARDED, "").replace(";", ",").rpartition(",")[2].strip()
        return named if is_loopback(self.address) and is_address(named) else self.address

    def cookie(self, wanted: str) -> str:
        """Return the value of a cookie; empty if there is none."""
        parts = (part.strip() for part in self.headers.get("cookie", "").split(";"))
        named = (part.partition("=") for part in parts)
        return next((value for name, _, value in named if name == wanted), "")


class Admission:
    """Decides about each request; the web thread owns it."""

    def __init__(self, login: PageLogin) -> None:
        self._login = login
        self._requests = RateLimit(*REQUESTS)
        self._tries = RateLimit(*TRIES)
        self._all_tries = RateLimit(*ALL_TRIES)

    def admit(self, knock: Knock, now: float) -> None:
        """Raise Refusal unless the request is to be answered; `now` is in s, monotonic."""
        if not self._requests.allows(knock.client, now):
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many requests; wait a few seconds")
        self._check_host(knock)
        if knock.method == "POST":
            _check_type(knock)
        if knock.path in PUBLIC:
            return
        session = self.session(knock, now)
        if session is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "log in first")
        if knock.method == "POST" and session.csrf:
            _check_csrf(knock, session)

    def session(self, knock: Knock, now: float) -> PageSession | None:
        """Return the session of a request; None if there is none."""
        password = bearer(knock.headers)
        if password and self._login.needed:
            self.check_password(password, knock.client, now)
            return PageSession("", now)
        return self._login.session(knock.cookie(self._login.cookie), now)

    def stays(self, knock: Knock, now: float) -> bool:
        """Return whether who came in with a request may still stay; that prolongs the session."""
        return self.session(knock, now) is not None

    def check_password(self, password: str, address: str, now: float) -> None:
        """Raise Refusal unless the password is right; few are tried."""
        if not (self._tries.allows(address, now) and self._all_tries.allows("", now)):
            text = "too many passwords were tried; wait a minute"
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, text)
        if not self._login.is_right(password):
            raise Refusal(HTTPStatus.FORBIDDEN, "this is not the password")
        self._tries.forgive(address)
        self._all_tries.forgive("")

    def _check_host(self, knock: Knock) -> None:
        local = is_local(knock.headers.get("host", "")) and FORWARDED not in knock.headers
        if not (local or self._login.needed):
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, ONLY_LOCAL)


def _check_type(knock: Knock) -> None:
    if knock.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {JSON}")


def _check_csrf(knock: Knock, session: PageSession) -> None:
    given = knock.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        text = "the token of the session is missing or wrong; load the page again"
        raise Refusal(HTTPStatus.FORBIDDEN, text)
