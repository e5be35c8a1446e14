"""What a server's answer means for the events: owned, refused for good, or to be tried again."""

import re
from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urljoin

# What concerns the message itself; everything else, and what is unknown, may pass later.
ABOUT_THE_MESSAGE = {400, 413, 415, 422}
TOO_LARGE = 413
REDIRECTS = {301, 302, 303, 307, 308}
LONGEST_PAUSE = 600.0  # s: whatever Retry-After says
SHOWN = 200  # characters of a server's text in a message
READ = 2000  # characters of it that are looked at
REMEDIES = {
    400: "correct the URL or content: it must take CloudEvents",
    401: "renew the token or the secret, and check this machine's clock",
    403: "give the agent's token or secret the right to post to this URL",
    404: "correct the path of the URL",
    405: "correct the path of the URL: it takes no POST",
    407: "the agent uses no proxy; let it reach the server directly",
    408: "check the network: the request did not arrive in time",
    409: "let the server answer 2xx to an event id that it has already",
    410: "the server takes events there no longer; ask its owner for the new URL",
    413: "raise the server's limit, or lower max_batch",
    415: "correct content: the server does not know this media type",
    422: "correct the URL: it must take CloudEvents",
    429: "ask the server's owner for a higher limit, or send fewer kinds",
    500: "look into the server's log",
    502: "start the server behind this gateway",
    503: "wait, or look into the server's log",
    504: "start the server behind this gateway, or lower max_batch",
}
UNKNOWN = "the agent does not know this answer; look into the server's manual"


class HttpAnswer(NamedTuple):
    """A server's answer; `headers` have names in small letters, `text` is the start of the body."""

    status: int
    headers: dict[str, str]
    text: str = ""

    @property
    def owned(self) -> bool:
        """Whether the server has taken the events over."""
        return 200 <= self.status < 300

    @property
    def about_the_message(self) -> bool:
        """Whether it concerns this message, and not the server, the URL or the login."""
        return self.status in ABOUT_THE_MESSAGE

    def meaning(self, hidden: Iterable[str]) -> str:
        """Return status and text in a short line, without what is `hidden`."""
        name = f"{self.status} {_phrase(self.status)}".strip()
        text = clean(self.text, hidden)
        return f"it answers {name}: {text}" if text else f"it answers {name}"

    def remedy(self, url: str, hidden: Iterable[str]) -> str:
        """Return what to do about it."""
        if self.status in REDIRECTS and "location" in self.headers:
            place = urljoin(url, self.headers["location"][:READ])
            return f"write in url where it points to: {clean(place, hidden)}"
        return REMEDIES.get(self.status, UNKNOWN)

    def pause(self, now: float) -> float:
        """Return the seconds for which the server asks not to be asked; `now` since 1970."""
        text = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"[0-9]{1,9}", text):
            return min(float(text), LONGEST_PAUSE)
        until, server = _time(text), _time(self.headers.get("date", ""))
        if until is None:
            return 0.0
        return min(max(until - (now if server is None else server), 0.0), LONGEST_PAUSE)


def clean(text: str, hidden: Iterable[str]) -> str:
    """Return a text from outside for a message: one short line, no markup, nothing `hidden`."""
    for secret in hidden:
        text = text.replace(secret, "***")
    line = " ".join(re.sub(r"<[^<>]*>", " ", text[:READ]).split())
    line = "".join(character for character in line if character.isprintable())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _time(text: str) -> float | None:
    """Return a date of HTTP in seconds since 1970."""
    try:
        found = parsedate_to_datetime(text[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
