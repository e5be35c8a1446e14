"""What installed packages offer to the agent by entry points: ours and those of other people."""

import sys
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path

GROUPS = 4  # of drivers, simulators, sinks and sources


def plugins(group: str) -> EntryPoints:
    """Return the entry points of a group; packages are read again only if some have changed."""
    return _plugins(group, tuple(map(_state, sys.path)))


@lru_cache(maxsize=GROUPS)
def _plugins(group: str, _of: tuple[tuple[str, int], ...]) -> EntryPoints:
    return entry_points(group=group)


def _state(path: str) -> tuple[str, int]:
    """Return a folder of packages, and when one was installed or removed at the latest."""
    with suppress(OSError):
        return path, Path(path).stat().st_mtime_ns
    return path, 0
