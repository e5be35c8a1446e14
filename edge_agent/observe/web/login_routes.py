"""The paths of the login: begin a session, end it, and what the page must know of it."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec
from microdot import Request, Response

from edge_agent.observe.web.admission import LOGIN, Admission, Knock
from edge_agent.observe.web.login import SECONDS, PageLogin
from edge_agent.observe.web.request import Refusal
from edge_agent.observe.web.responses import of_json


class Password(msgspec.Struct, frozen=True):
    """The body of a login."""

    password: str


class LoginRoutes:
    """Answers what concerns sessions; every page gets `about`; `secure` says it is https."""

    def __init__(
        self,
        login: PageLogin,
        admission: Admission,
        monotonic: Callable[[], float],
        *,
        about: dict[str, Any],
        secure: bool,
    ) -> None:
        self._login = login
        self._admission = admission
        self._monotonic = monotonic
        self._about = about
        self._secure = secure

    @property
    def answers(self) -> dict[tuple[str, str], Callable[[Request], Awaitable[Response]]]:
        """Return the answers by method and path."""
        return {
            ("POST", LOGIN): self._begin,
            ("POST", "/api/logout"): self._end,
            ("GET", "/api/session"): self._session,
        }

    async def _begin(self, request: Request) -> Response:
        knock: Knock = request.g.knock
        try:
            given = msgspec.json.decode(request.body or b"", type=Password).password
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Refusal(HTTPStatus.BAD_REQUEST, 'send {"password": "…"}') from None
        now = self._monotonic()
        self._admission.check_password(given, knock.client, now)
        response = of_json({})
        self._set_cookie(request, response, self._login.begin(now), round(SECONDS))
        return response

    async def _end(self, request: Request) -> Response:
        self._login.end(request.g.knock.cookie(self._login.cookie))
        response = of_json({})
        self._set_cookie(request, response, "", 0)
        return response

    async def _session(self, request: Request) -> Response:
        session = self._admission.session(request.g.knock, self._monotonic())
        csrf = session.csrf if session else ""
        return of_json({"csrf": csrf, "login": self._login.needed, **self._about})

    def _set_cookie(self, request: Request, response: Response, value: str, seconds: int) -> None:
        """Set the cookie for the page alone: a proxy may have other pages beside it."""
        secure = self._secure or request.headers.get("X-Forwarded-Proto") == "https"
        parts = [
            f"{self._login.cookie}={value}",
            f"Max-Age={seconds}",
            "HttpOnly",
            "SameSite=Strict",
        ]
        response.headers["Set-Cookie"] = "; ".join([*parts, *["Secure"] * secure])
