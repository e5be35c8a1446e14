"""The agent and its dependencies as wheels, for the processors and Pythons of the guests."""

import subprocess
import sys
import tomllib
from pathlib import Path

from lab.cache import CACHE, fingerprint, once

ROOT = Path(__file__).parents[3]
PYTHON = (3, 11)  # Bookworm's
PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l"}
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux2014", "manylinux_2_17", "linux")


def project() -> dict[str, list[str]]:
    """Return the table `[project]` of pyproject.toml."""
    table: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def libraries(arch: str) -> Path:
    """Return a tree with the agent's dependencies, for a small guest's Python."""
    wanted = [*project()["dependencies"], "lgpio>=0.2.2"]
    name = fingerprint([arch, *wanted])
    return once(CACHE / f"libraries-{arch}-{name}", lambda fresh: _install(fresh, arch, wanted))


def _install(fresh: Path, arch: str, wanted: list[str]) -> None:
    target = fresh / "usr/lib/python3/dist-packages"
    _pip("install", "--no-compile", "--target", str(target), *_binaries(arch, PYTHON), *wanted)
    compile_all(target)


def index(arch: str, python: tuple[int, int]) -> Path:
    """Return a folder with the wheels of all dependencies, as a package index offers them.

    Packages without a wheel on PyPI are missing; see `lab.piwheels`.
    """
    wanted = project()["dependencies"]
    if arch == "armhf":
        wanted = [name for name in wanted if not name.startswith("msgspec")]
    name = f"wheels-{arch}-{python[0]}{python[1]}-{fingerprint(wanted)}"
    return once(
        CACHE / name,
        lambda fresh: _pip("download", "-d", str(fresh), *_binaries(arch, python), *wanted),
    )


def wheel(folder: Path) -> Path:
    """Return the project's wheel, built from this source tree."""
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT))
    return next(folder.glob("edge_agent-*.whl"))


def fetch_source(name: str, folder: Path) -> Path:
    """Return a package's source archive, fetched into a folder."""
    _pip("download", "--no-deps", "--no-binary", name, "-d", str(folder), name)
    return next(folder.glob("*.tar.gz"))


def _binaries(arch: str, python: tuple[int, int]) -> list[str]:
    tags = [word for tag in PLATFORMS for word in ("--platform", f"{tag}_{PROCESSORS[arch]}")]
    return ["--only-binary", ":all:", "--python-version", f"{python[0]}.{python[1]}", *tags]


def _pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", words[0], "-q", *words[1:]], check=True)


def compile_all(folder: Path) -> None:
    """Compile for the guests, whose imports are slow, if this machine has the same Python."""
    if sys.version_info[:2] == PYTHON:
        options = ["-q", "--invalidation-mode", "unchecked-hash"]
        subprocess.run([sys.executable, "-m", "compileall", *options, str(folder)], check=False)
