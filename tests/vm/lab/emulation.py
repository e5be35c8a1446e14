"""Programs for other processors, run by QEMU's user-mode emulation in their own namespace.

Since Linux 6.7 the formats of programs (binfmt_misc) belong to a user namespace: nothing is
registered on this machine. Magic numbers: the ELF header's class, byte order, type and machine.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MAGIC = (
    "\\x7fELF{bits}\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00{machine}\\x00"
)
MASK = "\\xff" * 7 + "\\x00" + "\\xff" * 8 + "\\xfe" + "\\xff" * 3
FORMATS = {"qemu-aarch64": ("\\x02", "\\xb7"), "qemu-arm": ("\\x01", "\\x28")}
EVERYONE = "0 0 4294967295"  # each user id is the same inside and outside


def emulated(programs: Path, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one with support for aarch64 and armv7l programs.

    `programs` is the folder of QEMU's user emulators, which are static.
    """
    return [sys.executable, __file__, str(programs), *command]


def main(programs: str, command: Sequence[str]) -> int:
    """Run a command in a new namespace, with the formats registered there."""
    unshare = ["unshare", "--user", "--mount", "--pid", "--fork", "--kill-child"]
    inside = [sys.executable, __file__, "--inside", programs, *command]
    process = subprocess.Popen(
        [*unshare, "sh", "-c", 'read _; exec "$@"', "sh", *inside], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    _map_users(process.pid)
    process.stdin.write(b"\n")
    process.stdin.close()
    return process.wait()


def _map_users(pid: int) -> None:
    """Map all users for the process and its child: one of the two is in the namespace."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    while not children.read_text().split():
        pass
    for one in (children.read_text().split()[0], str(pid)):
        for kind in ("uid_map", "gid_map"):
            try:
                Path(f"/proc/{one}/{kind}").write_text(EVERYONE)
            except PermissionError:
                continue  # the other one is in the namespace


def inside(programs: str, command: Sequence[str]) -> int:
    """Register the formats in this namespace, then run the command."""
    formats = "/proc/sys/fs/binfmt_misc"
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", formats], check=True)
    for name, (bits, machine) in FORMATS.items():
        magic = MAGIC.format(bits=bits, machine=machine)
        line = f":{name}:M::{magic}:{MASK}:{programs}/{name}:POCF"
        Path(formats, "register").write_text(line)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--inside":
        sys.exit(inside(words[1], words[2:]))
    sys.exit(main(words[0], words[1:]))
