"""What the doctor reports: findings, and the result of each theme."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from edge_agent.doctor.case import Case

FindingSeverity: TypeAlias = Literal["problem", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong; `remedy` names the exact command or line of configuration."""

    id: str
    severity: FindingSeverity
    where: str
    what: str
    remedy: str


Check: TypeAlias = Callable[[Case], Iterator[Finding]]


class Theme(NamedTuple):
    """Checks that belong together.

    `advice` has a phrase on what to do for each id that the checks report, for the page. `skip`
    returns why the checks do not apply to a machine, or an empty text. `facts` yields what is worth
    knowing although nothing is wrong.
    """

    name: str
    checks: tuple[Check, ...]
    advice: Mapping[str, str]
    skip: Callable[[Case], str] = lambda _: ""
    facts: Callable[[Case], Iterator[str]] = lambda _: iter(())


class ThemeResult(msgspec.Struct, frozen=True):
    """The result of one theme: ok without findings, unless `skipped` says why it did not run."""

    theme: str
    findings: tuple[Finding, ...] = ()
    skipped: str = ""
    facts: tuple[str, ...] = ()


def problem(id: str, where: str, what: str, remedy: str) -> Finding:  # noqa: A002
    """Return a finding that keeps the agent from working as configured."""
    return Finding(id, "problem", where, what, remedy)


def warning(id: str, where: str, what: str, remedy: str) -> Finding:  # noqa: A002
    """Return a finding that may become a problem, or that costs quality."""
    return Finding(id, "warning", where, what, remedy)
