"""Debian's kernels: image, modules with their dependencies, and device trees."""

import functools
import lzma
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lab.debian import Archive
from lab.tools import tool

SUITE = "trixie"  # Raspberry Pi OS ships the same series, 6.12, for Bookworm and Trixie


class Kernel(NamedTuple):
    """An unpacked kernel package."""

    folder: Path
    version: str

    @property
    def image(self) -> Path:
        """The image that QEMU boots."""
        return self.folder / "boot" / f"vmlinuz-{self.version}"

    @property
    def modules(self) -> Path:
        """The folder of its modules."""
        return self.folder / "usr/lib/modules" / self.version

    @property
    def device_trees(self) -> Path:
        """The folder of its device trees."""
        return self.folder / f"usr/lib/linux-image-{self.version}"


@functools.cache
def kernel(arch: str) -> Kernel:
    """Return Debian's newest kernel of the suite, fetched at the first call."""
    archive = Archive(SUITE, arch)
    package = archive.latest(f"linux-image-{arch}")
    found = Kernel(archive.unpack(package, [package]), package.removeprefix("linux-image-"))
    if not (found.modules / "modules.dep").exists():
        (found.folder / "lib").exists() or (found.folder / "lib").symlink_to("usr/lib")
        subprocess.run([*tool("depmod"), "-b", str(found.folder), found.version], check=True)
    return found


def load_order(kernel: Kernel, wanted: Iterable[str]) -> list[Path]:
    """Return the modules' files, each after those it depends on.

    Raise KeyError for a module that this kernel neither has nor has built in.
    """
    needs = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        module, others = line.split(":")
        needs[_name(module)] = [*reversed(others.split()), module]
    built_in = {_name(line) for line in (kernel.modules / "modules.builtin").read_text().split()}
    names = [_name(name) for name in wanted]
    files = [file for name in names if name not in built_in for file in needs[name]]
    return [kernel.modules / file for file in dict.fromkeys(files)]


def module_bytes(path: Path) -> bytes:
    """Return a module as `insmod` takes it."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def _name(file: str) -> str:
    return Path(file).name.split(".ko")[0].replace("-", "_")
