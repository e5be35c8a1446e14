"""Where a web server is, and what is asked of it."""

from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from edge_agent.deliver.url import bracketed

PORTS = {"http": 80, "https": 443}


def split_url(url: str, example: str, *, instead: str) -> SplitResult:
    """Return the parts of ``http[s]://…``; raise ValueError without the URL.

    `example` is how to write one, and `instead` names the keys that its credentials belong in.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("a URL has ASCII characters only; write others as %XX")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError(f"write {example}")
    if "@" in parts.netloc:
        raise ValueError(f"credentials do not belong in the URL; set {instead}")
    return parts


class HttpAddress(NamedTuple):
    """A server, and what is asked of it; `target` may hold a secret and is never shown."""

    host: str
    port: int
    tls: bool
    target: str = "/"

    def __str__(self) -> str:
        return self.authority

    @property
    def authority(self) -> str:
        """Return host and port as the header Host has them."""
        host = bracketed(self.host)
        return (
            host if self.port == PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the parts of the target that no message may show, the longest first."""
        path, _, query = self.target.partition("?")
        parts = {self.target, path, query, *(value for _, value in parse_qsl(query))}
        found = {text for part in parts for text in (part, unquote(part)) if len(text) > 1}
        return tuple(sorted(found, key=len, reverse=True))
