"""Whole Debian systems: installed by mmdebstrap into a folder, and put on a disk."""

import os
import subprocess
from pathlib import Path

from lab.cache import CACHE, fingerprint, once
from lab.debian import KEYRING, mirror
from lab.emulation import emulated
from lab.tools import prefix, tool

# Only what Raspberry Pi OS Lite and every Debian server have: "a bare Debian"
BARE = (
    *("ca-certificates", "dbus", "iproute2", "kmod", "libpam-systemd", "login", "procps"),
    *("python3", "sudo", "systemd", "systemd-sysv", "systemd-timesyncd", "udev"),
)
LEFT_OUT = ("doc", "man", "locale")
CONSOLE = """[Unit]
Description=The laboratory's shell on the serial console
After=multi-user.target

[Service]
Type=idle
ExecStart=/bin/sh -c 'stty -echo; export PS1= PS2= TERM=dumb; echo READY; exec /bin/sh'
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/{tty}

[Install]
WantedBy=multi-user.target
"""
# No login, and the kernel's command line has set up the network
MASKED = ("getty@tty1", "systemd-binfmt", "systemd-networkd-wait-online", "systemd-timesyncd")


def tree(suite: str, arch: str) -> Path:
    """Return a folder with a configured Debian, its maintainer scripts run by emulation."""
    name = f"{suite}-{arch}-{fingerprint(BARE)}"
    return once(CACHE / "trees" / name, lambda fresh: _install(fresh, suite, arch))


def _install(fresh: Path, suite: str, arch: str) -> None:
    skip = "check/qemu,output/mknod,setup/mknod,output/dev"
    options = ["--mode=root", "--variant=minbase", f"--architectures={arch}", f"--skip={skip}"]
    options += [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in LEFT_OUT]
    options += ['--aptopt=Acquire::Languages "none"', f"--include={','.join(BARE)}"]
    source = f"deb [signed-by={KEYRING}] {mirror()} {suite} main"
    mmdebstrap = ["nice", "perl", str(prefix() / "bin/mmdebstrap"), "--quiet", *options]
    path = f"{os.environ['PATH']}:{prefix() / 'bin'}"  # it calls mmtarfilter, which lies beside it
    command = emulated(prefix() / "bin", [*mmdebstrap, suite, str(fresh), source])
    subprocess.run(command, check=True, env={**os.environ, "PATH": path})


def disk(suite: str, arch: str, tty: str, megabytes: int) -> Path:
    """Return a bare Debian as an ext4 disk, with a shell on its serial console."""
    name = fingerprint([suite, arch, tty, str(megabytes), CONSOLE, *BARE, *MASKED])
    source = tree(suite, arch)
    return once(
        CACHE / f"disk-{suite}-{arch}-{name}.img",
        lambda fresh: write_disk(fresh, source, tty, megabytes),
    )


def write_disk(fresh: Path, source: Path, tty: str, megabytes: int) -> None:
    """Write a tree, with a shell on its serial console, as an ext4 disk."""
    add_console(source, tty)
    with fresh.open("wb") as file:
        file.truncate(megabytes << 20)
    make = [*tool("mke2fs"), "-q", "-F", "-t", "ext4", "-L", "root", "-O", "^has_journal"]
    subprocess.run([*make, "-d", str(source), str(fresh)], check=True)


def add_console(tree: Path, tty: str) -> None:
    """Give a system the laboratory's shell on a serial line."""
    units = tree / "etc/systemd/system"
    wants = units / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (units / "laboratory.service").write_text(CONSOLE.format(tty=tty))
    for name, target in [
        (wants / "laboratory.service", "../laboratory.service"),
        *((units / f"{unit}.service", "/dev/null") for unit in (*MASKED, f"serial-getty@{tty}")),
    ]:
        name.unlink(missing_ok=True)
        name.symlink_to(target)
    (tree / "etc/hostname").write_text("edge\n")
    (tree / "etc/hosts").write_text("127.0.0.1 localhost edge\n")
    (tree / "etc/machine-id").write_text("")
