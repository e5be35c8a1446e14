"""Directories, whose own content is synced apart from that of their files, and links in them."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make sure that the disk has what a directory names: new, renamed and deleted files."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def followed(path: Path) -> Path:
    """Return the absolute path of what a link names; links in a circle stay as they are.

    `Path.resolve` raises for a circle, and not with an OSError: here, opening the file says it.
    """
    return Path(os.path.realpath(path))
