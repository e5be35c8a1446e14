"""Every command refuses each kind of file that it cannot use, by name, and ends."""

import os
import stat
from itertools import count
from pathlib import Path

import pytest

from tests.commands.command_calls import FILES, call
from tests.commands.command_case import is_right

CONTENTS = {
    "empty": b"",
    "binary": bytes(range(256)),
    "deep": b"a = " + b"[" * 100_000,
    "long line": b'a = "' + b"x" * 1_000_000,
}
NAMES = ["missing", "a\nb", "n" * 5000]
MAKERS = {
    "large": lambda path: path.touch() or os.truncate(path, 100_000_000),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path),
}
SPECIAL = {  # what stays as it is; never tried with what is in /dev
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o666),
    "device": lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 7)),  # /dev/full
}
KINDS = [*CONTENTS, *NAMES, *MAKERS, *SPECIAL]
CONNECTED = {"ca", "certificate", "key", "password_file"}  # which only a broker needs
SERVER = {"url": "mqtts://127.0.0.1:1", "username": "me"}
NOT_CALLED = {
    *((name, "pipe") for name in ("bundle", "output")),  # it waits for its reader, as all do
    ("scenario", "empty"),  # a simulation without faults starts
}


@pytest.fixture
def file(tmp_path):
    """A function: make a file of a kind, where no call has been; return its path."""
    numbers = count()

    def file(kind):
        directory = tmp_path / f"files-{next(numbers)}"
        directory.mkdir()
        path = directory / kind
        if kind in CONTENTS:
            path.write_bytes(CONTENTS[kind])
        elif make := (MAKERS | SPECIAL).get(kind):
            make(path)
        return path

    return file


def made(path, name, given):
    """Return a call of a command with a file for one of its parameters."""
    others = SERVER if name in CONNECTED else {}
    if name in {"certificate", "key"}:
        others = others | {"certificate": given, "key": given}
    return call(path, **others | {name: given})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_a_command_cannot_use_is_named_and_left_as_it_is(ended, file, tmp_path, kind):
    shown, wrong = {"stdout": str(tmp_path / "stderr")}, {}
    for path, name in FILES:
        if (name, kind) not in NOT_CALLED:
            given = file(kind)
            before = kind in SPECIAL and given.lstat().st_mode
            words = made(path, name, str(given))
            code, said = ended(words, shown)
            right = is_right(words, code, said) and (code <= 0 or explains(said, given, name, kind))
            if not right or (before and given.lstat().st_mode != before):
                wrong[f"{path} {name}"] = (code, said[-600:])
    assert wrong == {}


def explains(said, given, name, kind):
    """Return whether a message names the file or its option; an empty one only lacks something."""
    return str(given) in said or name in said or "Usage:" in said or kind == "empty"
