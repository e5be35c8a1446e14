"""What guests download: Debian's archive (a caching proxy), wheels, and the tests' own files.

Served on loopback, which guests on QEMU's user network see as 10.0.2.2.
"""

import shutil
import subprocess
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

from lab.cache import CACHE
from lab.debian import mirror

HOST = "10.0.2.2"  # this machine, as a guest sees it
MUTABLE = ("InRelease", "Release", "Release.gpg")


class Registry:
    """A web server: /debian/… and /files/…, the latter from a folder."""

    def __init__(self, files: Path) -> None:
        answer = partial(_Answer, files)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), answer)
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Its address, seen from a guest."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Answer(BaseHTTPRequestHandler):
    def __init__(self, files: Path, *arguments: object) -> None:
        self._files = files
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        part, _, rest = self.path.lstrip("/").partition("/")
        path = _cached(rest) if part == "debian" else self._files / rest
        if path.is_dir():
            self._send_text("".join(f'<a href="{each.name}">.</a>' for each in path.iterdir()))
        elif path.is_file():
            self._send_file(path)
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _send_text(self, text: str) -> None:
        self._head(len(text))
        self.wfile.write(text.encode())

    def _send_file(self, path: Path) -> None:
        self._head(path.stat().st_size)
        with path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile)

    def _head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(length))
        self.end_headers()


def _cached(name: str) -> Path:
    """Return a file of Debian's archive; only files that change are fetched again."""
    path = CACHE / "debian" / name
    if not path.exists() or path.name in MUTABLE:
        path.parent.mkdir(parents=True, exist_ok=True)
        fetch = ["/usr/lib/apt/apt-helper", "download-file", f"{mirror()}/{name}", f"{path}.new"]
        if subprocess.run(fetch, capture_output=True, check=False).returncode == 0:
            path.with_name(f"{path.name}.new").rename(path)
    return path  # without a newer one the cached file will do; without both the guest gets 404
