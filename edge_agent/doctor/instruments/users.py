"""Who may access a file: the kernel's rule, applied without becoming that user."""

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from edge_agent.machine import Machine
from edge_agent.service import USER

READ, WRITE, ENTER = 4, 2, 1

Stat = Callable[[Path], os.stat_result]


class User(NamedTuple):
    """A user with the numbers of all their groups; `service` if the unit runs as this user."""

    name: str
    uid: int
    gids: frozenset[int]
    service: bool

    def may(self, stat: os.stat_result, wanted: int) -> bool:
        """Return whether the mode bits grant READ, WRITE or ENTER, or a sum of them."""
        if self.uid == 0:
            return True
        shift = 6 if stat.st_uid == self.uid else 3 if stat.st_gid in self.gids else 0
        return (stat.st_mode >> shift) & wanted == wanted


def service_user(machine: Machine) -> User:
    """Return the service's user, or the caller if that user does not exist."""
    rows = [line.split(":") for line in machine.read("/etc/passwd").splitlines()]
    for row in rows:
        if row[0] == USER and len(row) > 3 and row[2].isdigit() and row[3].isdigit():
            return User(USER, int(row[2]), _gids(machine, USER, int(row[3])), service=True)
    return _caller()


def group_names(machine: Machine) -> dict[int, str]:
    """Return the name of every group by its number."""
    rows = [line.split(":") for line in machine.read("/etc/group").splitlines()]
    return {int(row[2]): row[0] for row in rows if len(row) > 2 and row[2].isdigit()}


def _gids(machine: Machine, name: str, primary: int) -> frozenset[int]:
    members = machine.groups()
    numbers = group_names(machine).items()
    return frozenset({primary, *(gid for gid, group in numbers if name in members.get(group, ()))})


def _caller() -> User:
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run as a number without a name
        name = str(os.geteuid())
    return User(name, os.geteuid(), frozenset({os.getegid(), *os.getgroups()}), service=False)


def obstacle(user: User, stat: Stat, path: Path, wanted: int) -> Path | None:
    """Return what denies a user a file: the file itself, or a directory above it; or None.

    Raise OSError if the file does not exist or this process may not see it.
    """
    for directory in reversed(path.absolute().parents):
        if not user.may(stat(directory), ENTER):
            return directory
    return None if user.may(stat(path), wanted) else path
