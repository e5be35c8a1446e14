"""A Debian tree for another processor, and commands run in it under user-mode emulation."""

import shutil
import socket
import subprocess
from pathlib import Path

from lab import provisioning, trees
from lab.emulation import emulated
from lab.qemu import CommandFailed
from lab.registry import Registry
from lab.tools import prefix

INSIDE = """
mount --rbind /dev {tree}/dev && mount -t proc proc {tree}/proc && mount -t tmpfs tmpfs {tree}/run
exec chroot {tree} /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/usr/local/bin HOME=/root \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive bash -ec {command}
"""


def installed(folder: Path, suite: str, arch: str) -> "Chroot":
    """Return a bare Debian in which the documented commands have installed the agent."""
    files = folder / "files"
    files.mkdir()
    wheels = provisioning.provide_wheels(files, suite, arch)
    chroot = Chroot(trees.tree(suite, arch), folder)
    with Registry(files) as registry:
        chroot.write("/etc/hosts", f"127.0.0.1 localhost {socket.gethostname()}")
        local = f"http://127.0.0.1:{registry.port}"
        for path, text in provisioning.settings(local, suite, wheels).items():
            chroot.write(path, text)
        for command in provisioning.documented("Install the agent")[: provisioning.PORTABLE]:
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
        """Run a command in it; return its output, or raise `CommandFailed`."""
        script = INSIDE.format(tree=self.tree, command=f"'{command}'")
        done = subprocess.run(
            emulated(prefix() / "bin", ["sh", "-c", script]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(f"{command}\nended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file in it."""
        self.tree.joinpath(path.lstrip("/")).write_text(f"{text}\n")

    def size(self, path: str) -> int:
        """Return the size of a folder in bytes."""
        words = subprocess.run(
            ["du", "-sb", f"{self.tree}{path}"], check=True, capture_output=True, text=True
        ).stdout.split()
        return int(words[0])

    def close(self) -> None:
        """Delete the copy."""
        shutil.rmtree(self.tree)
