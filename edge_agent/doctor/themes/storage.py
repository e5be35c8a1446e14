"""Theme: the disk has room for the event log, is writable, and is in good health."""

import re
from collections.abc import Iterator
from pathlib import Path

from edge_agent.config.config import Config
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.instruments.boot import read_boot
from edge_agent.doctor.themes import card, database

MB = 1_000_000
MEMORY = {"tmpfs", "ramfs", "overlay"}
WORN, SPENT = 9, 11  # life_time counts tenths of the life, 1 to 11 (JEDEC JESD84-B50)
END_NEAR, END_NOW = 2, 3  # pre_eol_info
ADVICE = {
    "disk-full": "a smaller `max_size` in `[log]`, or free some space",
    "disk-read-only": "remount it; if that does not last, the card is failing",
    "disk-errors": "have the file system checked at the next boot",
    "disk-worn": "copy it while it is readable, and replace it",
    "log-in-memory": "disable the overlay file system, or a `path` on a disk",
    **database.ADVICE,
}


def _existing(path: Path) -> Path:
    """Return the path, or the nearest directory above it that exists."""
    return next(one for one in (path, *path.parents) if one.exists())


def check_space(case: Case) -> Iterator[Finding]:
    """Check that the log can grow to `max_size` before the disk is full."""
    path, config = case.log(), case.config or Config()
    taken = sum(each.stat().st_size for each in path.parent.glob(path.name + "*"))
    free = case.probes.free(_existing(path))
    lacking = config.log.max_size - taken - free
    if lacking <= 0:
        return
    what = (
        f"{free // MB} MB are free, but the event log may still grow by"
        f" {(config.log.max_size - taken) // MB} MB"
    )
    tidy = "`sudo apt-get clean && sudo journalctl --vacuum-size=50M`"
    fitting = (taken + free) * 9 // 10 // MB
    line = f'set `max_size = "{fitting}MB"` under [log] in {case.file}'
    yield problem("disk-full", str(path), what, f"{line}; or {tidy}" if fitting else tidy)


def check_mount(case: Case) -> Iterator[Finding]:
    """Check that the log's file system is writable, and survives a power cut."""
    path = str(case.log())
    below_root = str(case.machine.root).rstrip("/")
    found = _mount(case.machine.read("/proc/mounts"), path.removeprefix(below_root) or "/")
    if found is None:
        return
    point, kind, options = found
    if "ro" in options:
        remedy = (
            f"`sudo mount -o remount,rw {point}`; if that fails or does not last, `sudo dmesg`"
            " shows why, and the card may be failing"
        )
        yield problem("disk-read-only", point, "the file system is mounted read-only", remedy)
    if kind in MEMORY:
        what = f"the event log is in memory ({kind}): a power cut loses every event"
        remedy = (
            "`sudo raspi-config nonint do_overlayfs 1 && sudo reboot`; or set `path = ...` to a"
        )
        remedy += f" file on a disk, under [log] in {case.file}"
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
    """Find errors that an ext4 file system has recorded."""
    for path in sorted(case.machine.path("/sys/fs/ext4").glob("*/errors_count")):
        count = path.read_text(encoding="ascii", errors="replace").strip()
        if count.isdigit() and int(count):
            what = f"the file system has recorded {count} errors"
            file = f"{read_boot(case.machine).directory}/cmdline.txt"
            remedy = (
                f"back up what you need, then `sudo sed -i '1s/$/ fsck.mode=force fsck.repair=yes/'"
                f" {file} && sudo reboot`; afterwards remove the two words again"
            )
            yield problem("disk-errors", path.parent.name, what, remedy)


def check_wear(case: Case) -> Iterator[Finding]:
    """Find an eMMC near the end of its life; SD cards do not report theirs."""
    for device in sorted(case.machine.path("/sys/block").glob("mmcblk*/device")):
        text = " ".join(_text(device / name) for name in ("life_time", "pre_eol_info"))
        numbers = [int(word, 16) for word in re.findall(r"0x[0-9a-fA-F]{1,2}\b", text)]
        if len(numbers) < 3:
            continue
        life, end = max(numbers[:2]), numbers[2]
        remedy = "copy it while it is readable (`sudo dd`), and replace it"
        if life >= SPENT or end >= END_NOW:
            yield problem("disk-worn", device.parent.name, "its rated life is used up", remedy)
        elif life >= WORN or end >= END_NEAR:
            what = f"{(life - 1) * 10} % of its rated life is used"
            yield warning("disk-worn", device.parent.name, what, remedy)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


THEME = Theme(
    "storage",
    (check_space, check_mount, check_errors, check_wear, *database.CHECKS),
    ADVICE,
    facts=card.describe,
)
