"""What only piwheels has, the package index of Raspberry Pi OS: msgspec for 32-bit ARM.

The wheel is compiled here, as it was there, because the laboratory fetches only from Debian and
from PyPI.
"""

import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from lab.cache import CACHE, once
from lab.debian import Archive
from lab.wheels import fetch_source

PLATFORM = "cp311-cp311-linux_armv7l"
MODULE = "_core.cpython-311-arm-linux-gnueabihf.so"
CROSS = ("gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross")
COMPILER = "/usr/bin/arm-linux-gnueabihf-gcc"
OPTIONS = (
    "-shared",
    "-fPIC",
    "-O2",
    "-DNDEBUG",
    "-I/source/headers/python3.11",
    "-I/source/headers",
)


def msgspec() -> Path:
    """Return a folder with the wheel."""
    return once(CACHE / "piwheels", _build)


def _build(fresh: Path) -> None:
    fresh.mkdir()
    with tarfile.open(fetch_source("msgspec", fresh)) as source:
        source.extractall(fresh, filter="data")
    [package] = fresh.glob("msgspec-*/src/msgspec")
    shutil.copy(_compiled(package / "_core.c"), package / MODULE)
    name, version = package.parents[1].name.split("-")
    with zipfile.ZipFile(fresh / f"{name}-{version}-{PLATFORM}.whl", "w") as wheel:
        _pack(wheel, package, f"{name}-{version}.dist-info")
    shutil.rmtree(package.parents[1])
    next(fresh.glob("*.tar.gz")).unlink()


def _pack(wheel: zipfile.ZipFile, package: Path, about: str) -> None:
    for path in package.iterdir():
        if path.suffix in {".py", ".so"}:
            wheel.write(path, f"msgspec/{path.name}")
    wheel.write(package.parents[1] / "PKG-INFO", f"{about}/METADATA")
    tag = f"Wheel-Version: 1.0\nGenerator: laboratory\nRoot-Is-Purelib: false\nTag: {PLATFORM}\n"
    wheel.writestr(f"{about}/WHEEL", tag)
    names = [*wheel.namelist(), f"{about}/RECORD"]
    wheel.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in names))


def _compiled(source: Path) -> Path:
    """Return the module, compiled by Debian's cross compiler in its own tree."""
    compiler = Archive("bookworm", "amd64").unpack("cross", CROSS, with_dependencies=True)
    headers = Archive("bookworm", "armhf").unpack("headers", ["libpython3.11-dev"])
    work = compiler / "source"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source.parent, work)
    shutil.copytree(headers / "usr/include", work / "headers")
    command = ["chroot", str(compiler), COMPILER, *OPTIONS]
    subprocess.run([*command, f"/source/{source.name}", "-o", f"/source/{MODULE}"], check=True)
    return work / MODULE
