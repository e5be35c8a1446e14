"""Directories, whose own content is synced apart from that of their files."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make sure that the disk has what a directory names: new, renamed and deleted files."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
