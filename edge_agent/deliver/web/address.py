"""Where a web server is, and what is asked of it."""

from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

PORTS = {"http": 80, "https": 443}


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
        host = f"[{self.host}]" if ":" in self.host else self.host
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
