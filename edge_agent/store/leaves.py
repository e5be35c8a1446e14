"""The rows in the leaf pages of a database's file, read without its tree.

If a page inside the tree is damaged, SQLite reaches nothing below it, although the leaves may be
sound. This reads every page of the file for itself, as https://sqlite.org/fileformat2.html says.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from edge_agent.store.connection import PAGE_SIZE
from edge_agent.store.gaps import Ranges, merged, ranges
from edge_agent.store.log_connection import Progress, unwatched
from edge_agent.store.write_ahead import FRAME_HEADER, WAL_HEADER

TABLE_LEAF = 13
NO_TREE = (IndexError, ValueError)  # a page that cannot be
INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes, by serial type
SIZES = {2**n for n in range(9, 16)}
LONGEST = 2**24  # bytes of a row
SMALLEST = 6  # bytes of a row and its entry in the page's index, as SQLite counts: no page has more


class Pages:
    """The pages of a database, those that its write-ahead log has committed included."""

    def __init__(self, file: BinaryIO, wal: Path, progress: Progress) -> None:
        self._file, self._progress = file, progress
        length = file.seek(0, os.SEEK_END)
        self.size = _size(file)
        self._count = length // self.size
        self._newer = _committed(wal, self.size)

    def __iter__(self) -> Iterator[bytes]:
        free = self._free()
        for number in range(2, max([self._count, *self._newer]) + 1):
            self._progress()
            if number not in free:  # that one has rows that were deleted
                with suppress(IndexError):
                    yield self.page(number)

    def page(self, number: int) -> bytes:
        """Return a page, from 1; raise IndexError if there is none that can be read."""
        if number in self._newer:
            return self._newer[number]
        try:
            self._file.seek((number - 1) * self.size)
            content = self._file.read(self.size)
        except (OSError, ValueError) as error:
            raise IndexError(number) from error
        if len(content) < self.size:
            raise IndexError(number)
        return content

    def _free(self) -> set[int]:
        free: set[int] = set()
        with suppress(IndexError):
            trunk = _number(self.page(1), 32)
            while trunk and trunk not in free:
                page = self.page(trunk)
                count = min(_number(page, 4), self.size // 4 - 2)
                free |= {trunk, *(_number(page, 8 + 4 * n) for n in range(count))}
                trunk = _number(page, 0)
        return free


def _size(file: BinaryIO) -> int:
    """Return the bytes of a page: as the header says, if it can be."""
    file.seek(16)
    said = int.from_bytes(file.read(2))
    return said if said in SIZES else PAGE_SIZE


def _committed(wal: Path, size: int) -> dict[int, bytes]:
    """Return the newest page of each number, up to the last commit."""
    content = b""
    with suppress(OSError):
        content = wal.read_bytes()
    salts = content[16:24]
    found: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    for start in range(WAL_HEADER, len(content) - size, FRAME_HEADER + size):
        frame = content[start : start + FRAME_HEADER]
        if frame[8:16] != salts:  # left from before the log began again
            break
        begin = start + FRAME_HEADER
        pending[_number(frame, 0)] = content[begin : begin + size]
        if _number(frame, 4):
            found |= pending
            pending = {}
    return found


def leaf_rows(path: Path, progress: Progress = unwatched) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of all tables, in no order: the row's id, and its columns."""
    with path.open("rb") as file:
        pages = Pages(file, Path(f"{path}-wal"), progress)
        for page in filter(_is_leaf, pages):
            for length, identity, start in _cells(page):
                with suppress(*NO_TREE):
                    yield (identity, *_columns(_payload(page, start, length, pages)))


def leaf_offsets(path: Path, progress: Progress = unwatched) -> Ranges:
    """Return the row's ids of all tables, ascending: what may be an event's offset."""
    found: Ranges = []
    with path.open("rb") as file:
        for page in filter(_is_leaf, Pages(file, Path(f"{path}-wal"), progress)):
            for first, last in ranges(sorted({identity for _, identity, _ in _cells(page)})):
                follows = bool(found) and found[-1][1] + 1 == first  # as it does nearly always
                begin = found.pop()[0] if follows else first
                found.append((begin, last))
    return merged(found)


def _is_leaf(page: bytes) -> bool:
    return page[0] == TABLE_LEAF


def _cells(page: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the length of each row, its id, and where its payload begins."""
    for n in range(min(int.from_bytes(page[3:5]), (len(page) - 8) // SMALLEST)):
        start = int.from_bytes(page[8 + 2 * n : 10 + 2 * n])
        with suppress(*NO_TREE):
            length, start = _varint(page, start)
            identity, start = _varint(page, start)
            yield length, identity, start


def _payload(page: bytes, start: int, length: int, pages: Pages) -> bytes:
    """Return a row's bytes; what does not fit into its page is in a chain of others."""
    if length > LONGEST:
        raise ValueError(length)
    local = _local(length, pages.size)
    payload = bytearray(page[start : start + local])
    following = _number(page, start + local) if local < length else 0
    seen: set[int] = set()
    while len(payload) < length:
        if following in seen:  # a damaged chain can lead back to itself
            raise ValueError(following)
        seen.add(following)
        overflow = pages.page(following)
        payload += overflow[4:]
        following = _number(overflow, 0)
    return bytes(payload[:length])


def _local(length: int, size: int) -> int:
    most, least = size - 35, (size - 12) * 32 // 255 - 23
    if length <= most:
        return length
    wanted = least + (length - least) % (size - 4)
    return wanted if wanted <= most else least


def _columns(payload: bytes) -> Iterator[Any]:
    end, position = _varint(payload, 0)
    start = end
    while position < end:
        kind, position = _varint(payload, position)
        value, start = _value(payload, kind, start)
        yield value


def _value(payload: bytes, kind: int, start: int) -> tuple[Any, int]:
    if kind == 0:
        return None, start
    if kind in {8, 9}:
        return kind - 8, start
    if kind in INTEGERS:
        end = start + INTEGERS[kind]
        return int.from_bytes(payload[start:end], signed=True), end
    end = start + (kind - 13) // 2
    if kind < 13 or kind % 2 == 0 or end > len(payload):
        raise ValueError(kind)  # the log has no real numbers and no blobs
    return payload[start:end].decode(), end


def _varint(data: bytes, start: int) -> tuple[int, int]:
    value = 0
    for position in range(start, start + 8):
        byte = data[position]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + 1
    return value << 8 | data[start + 8], start + 9


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + 4])
