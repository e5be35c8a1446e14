"""The laboratory's cache: what takes long to build is built only once."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

CACHE = Path(os.environ.get("EDGE_AGENT_LAB", "~/.cache/edge-agent-lab")).expanduser()


def once(path: Path, make: Callable[[Path], None]) -> Path:
    """Return a file or folder of the cache; if it is missing, `make` it under a temporary name."""
    if path.exists():
        return path
    began = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    if fresh.is_dir():
        shutil.rmtree(fresh)
    fresh.unlink(missing_ok=True)
    make(fresh)
    fresh.rename(path)
    print(f"{path.name}: made in {time.monotonic() - began:.0f} s", flush=True)
    return path


def fingerprint(parts: Iterable[str | Path]) -> str:
    """Return a short hash of what something is built from: texts, and the contents of files."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]
