"""The files of the page, read once: no path of a request reaches the disk."""

import gzip
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

DIRECTORY = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
PAGES = {"index.html": "/", "login.html": "/login"}
PUBLIC = {"/login", "/login.js", "/style.css", "/icon.svg"}  # all that a login needs


class StaticFile(NamedTuple):
    """A file as it is sent, and as it is `packed` with gzip; `tag` names its content."""

    content: bytes
    packed: bytes
    type: str
    tag: str


def static_files(directory: Path = DIRECTORY) -> dict[str, StaticFile]:
    """Return the files by path."""
    found = sorted(one for one in directory.rglob("*") if one.suffix in TYPES)
    return {
        PAGES.get(one.name, f"/{one.relative_to(directory).as_posix()}"): _read(one)
        for one in found
    }


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    tag = f'"{sha256(content).hexdigest()[:16]}"'
    return StaticFile(content, gzip.compress(content, mtime=0), TYPES[path.suffix], tag)
