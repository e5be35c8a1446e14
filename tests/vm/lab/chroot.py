"""A Debian tree of another processor, and commands typed in it under user-mode emulation."""

import shutil
import socket
import subprocess
from pathlib import Path

from lab import house, trees
from lab.foreign import emulated
from lab.qemu import Failed
from lab.registry import Registry
from lab.tools import home

INSIDE = """
mount --rbind /dev {tree}/dev && mount -t proc proc {tree}/proc && mount -t tmpfs tmpfs {tree}/run
exec chroot {tree} /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/usr/local/bin HOME=/root \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive bash -ec {command}
"""


def installed(folder: Path, suite: str, arch: str) -> "Chroot":
    """Return a bare Debian in which the documented commands have installed the agent."""
    files = folder / "files"
    files.mkdir()
    wheels = house.stock(files, suite, arch)
    chroot = Chroot(trees.tree(suite, arch), folder)
    with Registry(files) as registry:
        chroot.write("/etc/hosts", f"127.0.0.1 localhost {socket.gethostname()}")
        local = f"http://127.0.0.1:{registry.port}"
        for path, text in house.settings(local, suite, wheels).items():
            chroot.write(path, text)
        for command in house.documented("Install the agent")[: house.ANYWHERE]:
            chroot.run(command)
    return chroot


class Chroot:
    """A copy of a tree, in `folder`."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.tree = folder / "tree"
        subprocess.run(["cp", "-a", "--reflink=auto", str(tree), str(self.tree)], check=True)
        for old in self.tree.glob("etc/apt/sources.list.d/*"):
            old.unlink()

    def run(self, command: str, seconds: float = 600) -> str:
        """Run a command there; return what it said, or raise `Failed`."""
        script = INSIDE.format(tree=self.tree, command=f"'{command}'")
        done = subprocess.run(
            emulated(home() / "bin", ["sh", "-c", script]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{command}\nended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file there."""
        self.tree.joinpath(path.lstrip("/")).write_text(f"{text}\n")

    def size(self, path: str) -> int:
        """Return how many bytes a folder takes."""
        words = subprocess.run(
            ["du", "-sb", f"{self.tree}{path}"], check=True, capture_output=True, text=True
        ).stdout.split()
        return int(words[0])

    def close(self) -> None:
        """Throw the copy away."""
        shutil.rmtree(self.tree)
