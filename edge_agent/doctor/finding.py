"""What the doctor says: findings, and how a theme came off."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from edge_agent.doctor.case import Case

FindingSeverity: TypeAlias = Literal["problem", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong; `remedy` has the exact command or line of configuration."""

    id: str
    severity: FindingSeverity
    where: str
    what: str
    remedy: str


Check: TypeAlias = Callable[[Case], Iterator[Finding]]


class Theme(NamedTuple):
    """Checks that belong together; `left_out` says why they do not apply, or nothing."""

    name: str
    checks: tuple[Check, ...]
    left_out: Callable[[Case], str] = lambda _: ""


class FindingVerdict(msgspec.Struct, frozen=True):
    """How a theme came off: fine without findings, unless it was left out."""

    theme: str
    findings: tuple[Finding, ...] = ()
    left_out: str = ""


def problem(id: str, where: str, what: str, remedy: str) -> Finding:  # noqa: A002
    """Return a finding that keeps the agent from working as configured."""
    return Finding(id, "problem", where, what, remedy)


def warning(id: str, where: str, what: str, remedy: str) -> Finding:  # noqa: A002
    """Return a finding that may do so one day, or costs quality."""
    return Finding(id, "warning", where, what, remedy)
