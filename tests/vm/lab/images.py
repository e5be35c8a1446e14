"""What the small guests are made of: Debian's Python and busybox, kernel modules, our wheel."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from lab.cache import CACHE, fingerprint, once
from lab.cpio import MERGED, Cpio
from lab.debian import Archive
from lab.kernel import Kernel, load_order, module_bytes

ROOT = Path(__file__).parents[3]
GUEST = ROOT / "tests/vm/guest"
PYTHON = (3, 11)  # Bookworm's
PACKAGES = (
    *("busybox-static", "gpiod", "i2c-tools", "libbz2-1.0", "libc6", "libcap2", "libexpat1"),
    *("libffi8", "libgcc-s1", "libgpiod2", "libi2c0", "liblzma5", "libpython3.11-minimal"),
    *("libpython3.11-stdlib", "libsqlite3-0", "libssl3", "libuuid1", "libzstd1", "python3.11"),
    *("python3.11-minimal", "zlib1g"),
)
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
MANYLINUX = ("manylinux_2_34", "manylinux_2_28", "manylinux2014", "manylinux_2_17")
NEVER_NEEDED = ("test", "idlelib", "lib2to3", "ensurepip", "turtledemo", "tkinter")
FOLDERS = ("proc", "sys", "dev", "tmp", "run", "root", "mnt", "etc", "opt")


def initrd(arch: str, kernel: Kernel, modules: Iterable[str]) -> Path:
    """Return a small guest's file system: Python with the agent's dependencies, and modules."""
    modules = tuple(modules)
    name = fingerprint([kernel.version, *modules, GUEST / "init", GUEST / "load"])
    return once(
        CACHE / f"initrd-{arch}-{name}.cpio",
        lambda fresh: _write_initrd(fresh, kernel, modules, [_python(arch), _libraries(arch)]),
    )


def boot_loader(kernel: Kernel, modules: Iterable[str]) -> Path:
    """Return the file system that only finds the disk, and goes on from there."""
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


def _libraries(arch: str) -> Path:
    """Return a tree with the agent's dependencies, for a guest's Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], "lgpio>=0.2.2"]
    name = fingerprint([arch, *wanted])
    return once(CACHE / f"libraries-{arch}-{name}", lambda fresh: _install(fresh, arch, wanted))


def _install(fresh: Path, arch: str, wanted: list[str]) -> None:
    platforms = [word for tag in MANYLINUX for word in ("--platform", f"{tag}_{MACHINES[arch]}")]
    target = fresh / "usr/lib/python3/dist-packages"
    version = ".".join(map(str, PYTHON))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target", str(target)]
    only = ["--only-binary", ":all:", "--python-version", version, *platforms]
    subprocess.run([*pip, *only, *wanted], check=True)
    compile_all(target)


def compile_all(folder: Path) -> None:
    """Compile for the guests where this machine's Python is theirs: imports there are slow."""
    if sys.version_info[:2] == PYTHON:
        options = ["-q", "--invalidation-mode", "unchecked-hash"]
        subprocess.run([sys.executable, "-m", "compileall", *options, str(folder)], check=False)


def wheel(folder: Path) -> Path:
    """Return the project's wheel, built from this source tree."""
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(folder), str(ROOT)], check=True, env={**os.environ})
    return next(folder.glob("edge_agent-*.whl"))


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
