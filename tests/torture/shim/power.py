"""What a power cut leaves of a directory: what was synced, and any of the sectors that were not.

As with ext4, an fsync of any file makes all names durable, and the content of that file alone.
"""

import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("=8sQQQQ")  # `struct record` of shim.c
SECTOR = 512  # bytes that a disk writes whole


class Record(NamedTuple):
    """What one operation has replaced, or that a file was synced."""

    what: str
    inode: int
    offset: int
    size: int
    data: bytes


def after_power_cut(journal, directory, chances):
    """Undo what was not synced, and forget the journal; return how many bytes have changed."""
    records = unsynced(list(read(journal)))
    files = _files(directory) | _files(journal.parent)
    keep = chances.choice((0.0, 0.0, 0.5, 0.9))  # the share of sectors that the disk has written
    writes = [one for one in records if one.what == "write" and one.inode in files]
    changed = sum(
        _restore(files[inode], [one for one in writes if one.inode == inode], keep, chances)
        for inode in sorted({one.inode for one in writes})
    )
    for record in reversed(records):
        if record.what != "write":
            _rename_back(record)
    _clean(journal, directory)
    return changed


def read(journal):
    """Yield the records of a journal."""
    data = journal.read_bytes() if journal.exists() else b""
    at = 0
    while at + HEADER.size <= len(data):
        what, inode, offset, size, length = HEADER.unpack_from(data, at)
        at += HEADER.size
        yield Record(what.rstrip(b"\0").decode(), inode, offset, size, data[at : at + length])
        at += length


def unsynced(records):
    """Return, in order, what no later sync has made durable."""
    syncs = {one.inode: n for n, one in enumerate(records) if one.what == "sync"}
    last = max(syncs.values(), default=-1)
    return [
        one
        for n, one in enumerate(records)
        if one.what != "sync" and n > (syncs.get(one.inode, -1) if one.what == "write" else last)
    ]


def _files(directory):
    return {each.stat().st_ino: each for each in sorted(directory.iterdir()) if each.is_file()}


def _restore(path, writes, keep, chances):
    """Put old sectors back, each with its chance, last write first; return the changed bytes."""
    new = path.read_bytes()
    old = bytearray(new)
    for one in reversed(writes):
        old[one.offset : one.offset + len(one.data)] = one.data
        del old[one.size :]
    size = max(len(new), len(old)) if chances.random() < keep else len(old)
    mixed = bytearray()
    for at in range(0, size, SECTOR):
        source = new if chances.random() < keep else old
        mixed += source[at : at + SECTOR].ljust(min(SECTOR, size - at), b"\0")
    path.write_bytes(mixed)
    return abs(len(new) - size) + sum(a != b for a, b in zip(new, mixed, strict=False))


def _rename_back(record):
    before, after, kept = record.data.decode().split("\n")
    with suppress(FileNotFoundError):
        if record.what == "create":
            Path(before).unlink()
        if record.what == "rename":
            Path(after).rename(before)
        if kept:
            Path(kept).rename(after or before)


def _clean(journal, directory):
    """Forget what was undone; no process has mapped the shared memory of a database any more."""
    for each in (*journal.parent.glob(f"{journal.name}*"), *directory.glob("*-shm")):
        each.unlink()
