"""Debian's packages of any suite and architecture, fetched by a private apt and unpacked."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.cache import CACHE, once

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCES = Path("/etc/apt")
LEFT_OUT = ("doc", "man", "locale", "lintian")
CONFIGURATION = """
APT::Architecture "{arch}"; APT::Architectures {{ "{arch}"; }};
APT::Install-Recommends "false"; APT::Sandbox::User "root"; Acquire::Languages "none";
Dir::State::status "{folder}/status"; Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache"; Dir::Log "{folder}"; Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null"; Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null"; Dir::Etc::main "/dev/null"; Dir::Etc::parts "/dev/null";
"""


def mirror() -> str:
    """Return the address of the mirror that this machine's own apt uses."""
    lists = [SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*"))]
    text = "\n".join(path.read_text() for path in lists if path.is_file())
    found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+/debian)/?(?:\s|$)", text, re.MULTILINE)
    if not found:
        raise RuntimeError("/etc/apt names no mirror of Debian: the laboratory runs on Debian only")
    return found[1]


class Archive:
    """One suite and architecture; what is fetched stays in the cache."""

    def __init__(self, suite: str, arch: str) -> None:
        self._suite = suite
        self._arch = arch
        self._folder = once(CACHE / f"apt-{suite}-{arch}", self._set_up)

    def latest(self, package: str) -> str:
        """Return what a meta package such as linux-image-amd64 depends on first."""
        found = re.search(r"Depends: (\S+)", self._apt("apt-cache", "depends", package))
        if found is None:
            raise RuntimeError(f"{package} depends on nothing in {self._suite}")
        return found[1]

    def unpack(
        self, name: str, packages: Sequence[str], *, with_dependencies: bool = False
    ) -> Path:
        """Return a folder with the packages' files; no maintainer script has run."""
        target = CACHE / f"{name}-{self._arch}"
        return once(target, lambda fresh: self._unpack(fresh, packages, with_dependencies))

    def _unpack(self, target: Path, packages: Sequence[str], with_dependencies: bool) -> None:
        target.mkdir()
        for deb in self._fetch(packages, with_dependencies):
            data = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
            skip = [f"--exclude=./usr/share/{folder}/*" for folder in LEFT_OUT]
            tar = ["tar", "-x", "-C", str(target), "--keep-directory-symlink", *skip]
            subprocess.run(tar, stdin=data.stdout, check=True)

    def _fetch(self, packages: Sequence[str], with_dependencies: bool) -> Iterator[Path]:
        if not with_dependencies:
            debs = CACHE / f"debs-{self._suite}-{self._arch}"
            debs.mkdir(exist_ok=True)
            wanted = self._uris("apt-get", "download", "-qq", *packages)
            self._apt("apt-get", "download", "-qq", *packages, cwd=debs)
            return (debs / name for name in wanted)
        empty = self._folder / "none"
        install = ["apt-get", "install", "-y", "-qq"]
        wanted = self._uris(*install, "-o", f"Dir::Cache::archives={empty}", *packages)
        self._apt(*install, "--download-only", *packages)
        return (self._folder / "cache/archives" / name for name in wanted)

    def _uris(self, *command: str) -> list[str]:
        """Return the file names that an apt command would fetch."""
        text = self._apt(*command, "--print-uris", cwd=self._folder / "none")
        return [line.split()[1] for line in text.splitlines() if line.startswith("'")]

    def _apt(self, *command: str, cwd: Path | None = None) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self._folder / "apt.conf")}
        return subprocess.run(
            command, env=environment, cwd=cwd, check=True, text=True, capture_output=True
        ).stdout

    def _set_up(self, fresh: Path) -> None:
        for folder in ("lists/partial", "cache/archives/partial", "none/partial"):
            (fresh / folder).mkdir(parents=True)
        (fresh / "status").touch()
        deb = f"deb [arch={self._arch} signed-by={KEYRING}] {mirror()} {self._suite} main\n"
        (fresh / "sources.list").write_text(deb)
        place = fresh.with_name(fresh.name.removesuffix(".new"))
        text = CONFIGURATION.format(arch=self._arch, folder=place)
        (fresh / "apt.conf").write_text(text.replace(str(place), str(fresh)))
        environment = {**os.environ, "APT_CONFIG": str(fresh / "apt.conf")}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)
        (fresh / "apt.conf").write_text(text)
