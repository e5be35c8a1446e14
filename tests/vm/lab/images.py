"""What the small guests consist of: Debian's Python and busybox, kernel modules, our wheel."""

import shutil
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from lab.cache import CACHE, fingerprint, once
from lab.cpio import MERGED, Cpio
from lab.debian import Archive
from lab.kernel import Kernel, load_order, module_bytes
from lab.wheels import ROOT, compile_all, libraries, wheel

GUEST = ROOT / "tests/vm/guest"
PACKAGES = (
    *("busybox-static", "gpiod", "i2c-tools", "libbz2-1.0", "libc6", "libcap2", "libexpat1"),
    *("libffi8", "libgcc-s1", "libgpiod2", "libi2c0", "liblzma5", "libpython3.11-minimal"),
    *("libpython3.11-stdlib", "libsqlite3-0", "libssl3", "libuuid1", "libzstd1", "python3.11"),
    *("python3.11-minimal", "zlib1g"),
)
NEVER_NEEDED = ("test", "idlelib", "lib2to3", "ensurepip", "turtledemo", "tkinter")
FOLDERS = ("proc", "sys", "dev", "tmp", "run", "root", "mnt", "etc", "opt")


def initrd(arch: str, kernel: Kernel, modules: Iterable[str]) -> Path:
    """Return a small guest's file system: Python with the agent's dependencies, and modules."""
    modules = tuple(modules)
    name = fingerprint([kernel.version, *modules, GUEST / "init", GUEST / "load"])
    return once(
        CACHE / f"initrd-{arch}-{name}.cpio",
        lambda fresh: _write_initrd(fresh, kernel, modules, [_python(arch), libraries(arch)]),
    )


def boot_loader(kernel: Kernel, modules: Iterable[str]) -> Path:
    """Return the initial file system that only finds the disk, and boots from it."""
    modules = tuple(modules)
    name = fingerprint(["boot", kernel.version, *modules, GUEST / "init", GUEST / "load"])
    busybox = _python("arm64" if "arm64" in kernel.version else "amd64") / "bin/busybox"
    return once(
        CACHE / f"boot-{name}.cpio",
        lambda fresh: _write_initrd(fresh, kernel, modules, [], busybox),
    )


def _write_initrd(
    path: Path,
    kernel: Kernel,
    modules: tuple[str, ...],
    trees: list[Path],
    busybox: Path | None = None,
) -> None:
    with path.open("wb") as file:
        cpio = Cpio(file)
        for name in MERGED:
            cpio.link(name, f"usr/{name}")
        for name in FOLDERS:
            cpio.folder(name)
        cpio.device("dev/console", 5, 1)
        cpio.file("init", (GUEST / "init").read_bytes(), 0o755)
        cpio.file("usr/bin/load", (GUEST / "load").read_bytes(), 0o755)
        if busybox:
            cpio.file("usr/bin/busybox", busybox.read_bytes(), 0o755)
        for tree in trees:
            cpio.tree(tree)
        _add_modules(cpio, kernel, modules)
        cpio.close()


def _add_modules(cpio: Cpio, kernel: Kernel, wanted: tuple[str, ...]) -> None:
    lines = []
    for module in wanted:
        files = load_order(kernel, [module])
        names = [path.name.split(".ko")[0].replace("-", "_") for path in files]
        lines.append(f"{module.replace('-', '_')}: {' '.join(names)}\n")
        for name, path in zip(names, files, strict=True):
            cpio.file(f"usr/lib/modules/{name}.ko", module_bytes(path))
    cpio.file("usr/lib/modules/list", "".join(lines).encode())


def _python(arch: str) -> Path:
    folder = Archive("bookworm", arch).unpack("python", PACKAGES)
    library = folder / "usr/lib/python3.11"
    for name in NEVER_NEEDED:
        shutil.rmtree(library / name, ignore_errors=True)
    if not (library / "__pycache__").exists():
        compile_all(library)
    return folder


def payload(folder: Path) -> Path:
    """Return a tar with our wheel unpacked and the tests' own scripts, for small guests."""
    tree = folder / "payload"
    with zipfile.ZipFile(wheel(folder)) as archive:
        archive.extractall(tree)
    compile_all(tree)
    for script in GUEST.glob("*.py"):
        shutil.copy(script, tree)
    with tarfile.open(folder / "payload.tar", "w") as tar:
        tar.add(tree, ".")
    return folder / "payload.tar"
