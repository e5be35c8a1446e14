"""QEMU and other tools from Debian trixie, run with their own loader: no installation needed."""

import functools
import os
from pathlib import Path

from lab.debian import Archive

PACKAGES = [
    "device-tree-compiler",
    "e2fsprogs",
    "kmod",
    "mmdebstrap",
    "qemu-system-arm",
    "qemu-system-x86",
    "qemu-user",
    "qemu-utils",
]


@functools.cache
def prefix() -> Path:
    """Return the prefix of the tools, fetched at the first call."""
    return Archive("trixie", "amd64").unpack("tools", PACKAGES, with_dependencies=True) / "usr"


def tool(program: str) -> list[str]:
    """Return the command that starts a program of the laboratory, with `nice`."""
    libraries = prefix() / "lib/x86_64-linux-gnu"
    found = next(
        path for path in (prefix() / "bin" / program, prefix() / "sbin" / program) if path.exists()
    )
    loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path"]
    return ["nice", *loader, f"{libraries}:{libraries}/pulseaudio", "--argv0", program, str(found)]


def qemu(architecture: str) -> list[str]:
    """Return the command that starts the emulator of a whole machine."""
    share = prefix() / "share"
    return [*tool(f"qemu-system-{architecture}"), "-L", f"{share}/qemu", "-L", f"{share}/seabios"]


def environment() -> dict[str, str]:
    """Return the environment in which QEMU finds its own modules."""
    return {**os.environ, "QEMU_MODULE_DIR": str(prefix() / "lib/x86_64-linux-gnu/qemu")}
