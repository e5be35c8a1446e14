"""A diagnostics archive to send to others: everything but secrets and measurements.

Each file is chosen by name, and each text is redacted. The event log, keys and files with
credentials are never packed.
"""

import errno
import io
import json
import os
import re
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import distributions, version
from pathlib import Path

from msgspec.structs import fields

from edge_agent.config.config import Config
from edge_agent.config.settings import tables
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import ThemeResult
from edge_agent.doctor.instruments.secret_keys import safe_tables
from edge_agent.doctor.report import as_json
from edge_agent.keys import REDACTED
from edge_agent.paths import bounded_content
from edge_agent.service import UNIT
from edge_agent.store.reader import read_stats

COMMANDS = {
    "uname.txt": ("uname", "-a"),
    "systemctl-status.txt": ("systemctl", "status", "--no-pager", "--full", UNIT),
    "systemctl-show.txt": ("systemctl", "show", UNIT),
    "journal.txt": ("journalctl", f"--unit={UNIT}", "--lines=500", "--no-pager"),
    "throttled.txt": ("vcgencmd", "get_throttled"),
}
FILES = {
    "os-release.txt": "/etc/os-release",
    "model.txt": "/proc/device-tree/model",
    "mounts.txt": "/proc/mounts",
    "boot-config.txt": "/boot/firmware/config.txt",
    "boot-config-old.txt": "/boot/config.txt",
    "boot-cmdline.txt": "/boot/firmware/cmdline.txt",
}
PATTERNS = ("i2c-*", "spidev*", "gpiochip*", "ttyAMA*", "ttyS*", "ttyUSB*", "ttyACM*", "serial*")
TABLES = dict(tables(Config))
HEADINGS = {brackets.format(one.strip("[]")) for one in TABLES for brackets in ("[{}]", "[[{}]]")}
HIDDEN = re.compile(r"\s*(Environment|PassEnvironment|SetCredential)\w*=")
FOLDER = "edge-agent-doctor"


def write_bundle(case: Case, results: Sequence[ThemeResult], file: Path) -> None:
    """Write the archive, readable only by the caller; raise OSError if that fails."""
    redaction = case.redaction()
    file.touch()
    if not file.is_file():  # its mode would be changed
        raise OSError(errno.EINVAL, "no file", str(file))
    file.chmod(0o600)
    _hand_over(file, case.environment)
    with tarfile.open(file, "w:gz") as archive:
        for name, text in contents(case, results):
            data = redaction.redact(text).encode(errors="replace")
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size, member.mode = len(data), 0o600
            member.mtime = case.clock.now().time // 1_000_000
            archive.addfile(member, io.BytesIO(data))


def _hand_over(file: Path, environment: Mapping[str, str]) -> None:
    """Give the archive to the user who called sudo: it is for them to send."""
    uid, gid = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
    if uid.isdecimal() and gid.isdecimal():
        os.chown(file, int(uid), int(gid))


def contents(case: Case, results: Sequence[ThemeResult]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every file, not yet redacted; raise nothing."""
    yield "findings.json", json.dumps(as_json(results), indent=1, ensure_ascii=False)
    for name, make in PARTS.items():
        try:
            text = make(case)
        except Exception as error:  # noqa: BLE001 - a broken machine is why there is a bundle
            text = f"{type(error).__name__}: {error}\n"
        yield name, text


def _file(path: str, case: Case) -> str:
    return case.machine.read(path)


def _output(words: tuple[str, ...], case: Case) -> str:
    """Return the output of a command, without the unit's variables and credentials."""
    output = case.machine.command(*words).output
    return "".join(f"{line}\n" for line in output.splitlines() if not HIDDEN.match(line))


def _versions(_: Case) -> str:
    return f"edge-agent {version('edge-agent')}\nPython {sys.version}\n"


def _packages(_: Case) -> str:
    found = (f"{package.metadata['Name']} {package.version}\n" for package in distributions())
    return "".join(sorted(found))


def _configuration(case: Case) -> str:
    """Return the tables as JSON; of a file that is not valid TOML only the names of its keys."""
    if case.configuration.tables:
        return json.dumps(safe_tables(case.configuration.tables), indent=1, default=str)
    text = bounded_content(case.file).decode("utf-8", "replace")
    return "".join(f"{_bare(line)}\n" for line in text.splitlines())


def _bare(line: str) -> str:
    """Return the key of a line if it is one of ours: any other word may be a secret."""
    known = {field.encode_name for kind in TABLES.values() for field in fields(kind)}
    key, equals, _ = line.partition("=")
    if equals and key.strip() in known:
        return f"{key.strip()} = {REDACTED}"
    return line.strip() if line.strip() in {"", *HEADINGS} else REDACTED


def _stats(case: Case) -> str:
    return json.dumps(read_stats(case.log()), indent=1)


def _devices(case: Case) -> str:
    dev = case.machine.path("/dev")
    found = {path.name for pattern in PATTERNS for path in dev.glob(pattern)}
    listed = {
        "dev": sorted(found),
        "i2c": _names(case, "/sys/bus/i2c/devices"),
        "w1": _names(case, "/sys/bus/w1/devices"),
        "iio": _chips(case, "/sys/bus/iio/devices"),
        "hwmon": _chips(case, "/sys/class/hwmon"),
        "gpio": _pins(case),
    }
    return json.dumps(listed, indent=1)


def _names(case: Case, directory: str) -> list[str]:
    path = case.machine.path(directory)
    return sorted(each.name for each in path.iterdir()) if path.is_dir() else []


def _chips(case: Case, directory: str) -> list[str]:
    names = _names(case, directory)
    return [f"{name} {case.machine.read(f'{directory}/{name}/name')}" for name in names]


def _pins(case: Case) -> list[str]:
    try:
        return [f"gpiochip{number} {label}" for number, label in case.probes.chips(case.machine)]
    except PermissionError as error:
        return [str(error)]


PARTS: dict[str, Callable[[Case], str]] = {
    "version.txt": _versions,
    "packages.txt": _packages,
    "config.txt": _configuration,
    "log-stats.txt": _stats,
    "devices.txt": _devices,
    **{name: partial(_file, path) for name, path in FILES.items()},
    **{name: partial(_output, words) for name, words in COMMANDS.items()},
}
