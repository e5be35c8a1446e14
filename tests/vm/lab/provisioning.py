"""What a machine is installed from: wheels, settings of apt and pip, documented commands."""

import re
import shutil
import zipfile
from pathlib import Path

from lab import piwheels
from lab.wheels import ROOT, index, wheel

SUBSCRIBE = "mosquitto_sub -h broker.local -t 'edge/#' -v"  # as in docs/install.md
LATER = "99.0"
PORTABLE = 5  # the first 5 documented commands need neither hardware nor systemd
SUITES = {"bookworm": (3, 11), "trixie": (3, 13)}


def provide_wheels(files: Path, suite: str, arch: str) -> str:
    """Copy the wheels for a machine into a registry's folder; return the name of their folder."""
    name = f"wheels-{suite}-{arch}"
    shutil.copytree(index(arch, SUITES[suite]), files / name)
    if arch == "armhf":
        shutil.copytree(piwheels.msgspec(), files / name, dirs_exist_ok=True)
    wheel(files / name)
    return name


def add_newer(folder: Path) -> None:
    """Add a wheel of version 99 to a folder: the same code with a later version."""
    [old] = folder.glob("edge_agent-*.whl")
    version = old.name.split("-")[1]
    with (
        zipfile.ZipFile(old) as source,
        zipfile.ZipFile(folder / old.name.replace(version, LATER), "w") as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name.endswith(("METADATA", "RECORD")):
                data = data.replace(version.encode(), LATER.encode())
            target.writestr(name.replace(f"-{version}.dist", f"-{LATER}.dist"), data)


def settings(url: str, suite: str, wheels: str) -> dict[str, str]:
    """Return the files, by path, that point a machine's apt and pip to a registry."""
    host = re.sub(r"^http://|:\d+$", "", url)
    return {
        "/etc/apt/sources.list": f"deb {url}/debian {suite} main",
        "/etc/apt/apt.conf.d/90laboratory": 'Acquire::Languages "none"; quiet "1";',
        "/etc/pip.conf": (
            f"[global]\nno-index = true\nfind-links = {url}/files/{wheels}/\n"
            f"trusted-host = {host}\nprogress-bar = off\ndisable-pip-version-check = true"
        ),
    }


def documented(heading: str) -> list[str]:
    """Return the commands under a heading of docs/install.md."""
    text = (ROOT / "docs/install.md").read_text()
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    block = section.split("```sh\n")[1].split("```")[0]
    return [line.split("  #")[0].strip() for line in block.splitlines()]
