"""Theme: the disk has room for the event log, takes it, and is sound."""

import re
from collections.abc import Iterator
from pathlib import Path

from edge_agent.config.config import Config
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.instruments.boot import read_boot
from edge_agent.doctor.themes.database import check_database, check_owner

MB = 1_000_000
MEMORY = {"tmpfs", "ramfs", "overlay"}
WORN, SPENT = 9, 11  # life_time counts tenths of the life, 1 to 11 (JEDEC JESD84-B50)
END_NEAR, END_NOW = 2, 3  # pre_eol_info


def _existing(path: Path) -> Path:
    """Return the path, or the nearest directory above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def check_space(case: Case) -> Iterator[Finding]:
    """Look whether the log may grow to `max_size` before the disk is full."""
    path, config = case.log(), case.config or Config()
    taken = sum(each.stat().st_size for each in path.parent.glob(path.name + "*"))
    free = case.probes.free(_existing(path))
    lacking = config.log.max_size - taken - free
    if lacking <= 0:
        return
    what = (
        f"{free // MB} MB are free, and the event log may still grow by"
        f" {(config.log.max_size - taken) // MB} MB"
    )
    tidy = "`sudo apt-get clean && sudo journalctl --vacuum-size=50M`"
    fitting = (taken + free) * 9 // 10 // MB
    line = f'write `max_size = "{fitting}MB"` below [log] in {case.file}'
    yield problem("disk-full", str(path), what, f"{line}; or {tidy}" if fitting else tidy)


def check_mount(case: Case) -> Iterator[Finding]:
    """Look whether the log's file system is writable, and outlives a power cut."""
    path = str(case.log())
    below_root = str(case.machine.root).rstrip("/")
    found = _mount(case.machine.read("/proc/mounts"), path.removeprefix(below_root) or "/")
    if found is None:
        return
    point, kind, options = found
    if "ro" in options:
        remedy = (
            f"`sudo mount -o remount,rw {point}`; where that fails or it comes back,"
            " `sudo dmesg` says why, and the card may be at its end"
        )
        yield problem("disk-read-only", point, "the file system is mounted read-only", remedy)
    if kind in MEMORY:
        what = f"the event log is in memory ({kind}): a power cut takes every event"
        remedy = "`sudo raspi-config nonint do_overlayfs 1 && sudo reboot`; or write"
        remedy += f" `path = ...` on a disk below [log] in {case.file}"
        yield warning("log-in-memory", point, what, remedy)


def _mount(table: str, path: str) -> tuple[str, str, list[str]] | None:
    """Return mount point, kind and options of the file system that holds a path."""
    rows = [line.split() for line in table.splitlines()]
    above = [
        (row[1], row[2], row[3].split(","))
        for row in rows
        if len(row) > 3 and Path(path).is_relative_to(row[1])
    ]
    return max(above, key=lambda row: len(row[0]), default=None)


def check_errors(case: Case) -> Iterator[Finding]:
    """Look for errors that an ext4 file system has noted."""
    for path in sorted(case.machine.path("/sys/fs/ext4").glob("*/errors_count")):
        count = path.read_text(encoding="ascii", errors="replace").strip()
        if count.isdigit() and int(count):
            what = f"the file system has noted {count} errors"
            file = f"{read_boot(case.machine).directory}/cmdline.txt"
            remedy = (
                f"save what you need, then `sudo sed -i '1s/$/ fsck.mode=force fsck.repair=yes/'"
                f" {file} && sudo reboot`; afterwards take the two words out again"
            )
            yield problem("disk-errors", path.parent.name, what, remedy)


def check_wear(case: Case) -> Iterator[Finding]:
    """Look for an eMMC that nears the end of its life; SD cards do not tell."""
    for device in sorted(case.machine.path("/sys/block").glob("mmcblk*/device")):
        text = " ".join(_text(device / name) for name in ("life_time", "pre_eol_info"))
        numbers = [int(word, 16) for word in re.findall(r"0x[0-9a-fA-F]{1,2}\b", text)]
        if len(numbers) < 3:
            continue
        life, end = max(numbers[:2]), numbers[2]
        remedy = "copy it while it can be read (`sudo dd`), and replace it"
        if life >= SPENT or end >= END_NOW:
            yield problem("disk-worn", device.parent.name, "its rated life is over", remedy)
        elif life >= WORN or end >= END_NEAR:
            what = f"{(life - 1) * 10} % of its rated life are used"
            yield warning("disk-worn", device.parent.name, what, remedy)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


THEME = Theme(
    "storage",
    (check_space, check_mount, check_errors, check_wear, check_owner, check_database),
)
