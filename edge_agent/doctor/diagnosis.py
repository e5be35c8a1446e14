"""Runs the checks of every theme on a case; an exception in a check does not end the diagnosis."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module

import msgspec

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Check, Finding, Theme, ThemeResult, warning
from edge_agent.doctor.instruments.redaction import Redaction

# The modules of `themes`, in the order of the report: each has a THEME
NAMES = (
    "configuration",
    "software",
    "interfaces",
    "access",
    "gpio",
    "clock",
    "power",
    "storage",
    "network",
    "sinks",
    "service",
)
ADVICE = {  # for the ids that any theme can report
    "not-seen": "run the doctor with `sudo`",
    "check-failed": "a check of the doctor itself failed: please report it, with an archive",
}


def _theme(name: str) -> Theme:
    theme: Theme = import_module(f"edge_agent.doctor.themes.{name}").THEME
    return theme


THEMES = tuple(map(_theme, NAMES))


def diagnose(case: Case, themes: Iterable[Theme] = THEMES) -> Iterator[ThemeResult]:
    """Yield the result of each theme, with all secrets redacted; raise nothing."""
    redaction = case.redaction()
    for theme in themes:
        yield _redacted(_run(case, theme), redaction)


def _run(case: Case, theme: Theme) -> ThemeResult:
    try:
        skipped = theme.skip(case)
    except Exception as error:  # noqa: BLE001 - as below
        return ThemeResult(theme.name, (_raised(case, theme.name, error),))
    if skipped:
        return ThemeResult(theme.name, skipped=skipped)
    found = (finding for check in theme.checks for finding in _findings(case, theme, check))
    return ThemeResult(theme.name, tuple(found), facts=tuple(_facts(case, theme)))


def _facts(case: Case, theme: Theme) -> Iterator[str]:
    """Yield what a theme knows besides; what cannot be read is no finding."""
    with suppress(Exception):
        yield from theme.facts(case)


def _findings(case: Case, theme: Theme, check: Check) -> Iterator[Finding]:
    """Yield what a check finds; an exception becomes a finding too."""
    try:
        yield from check(case)
    except Exception as error:  # noqa: BLE001 - a diagnosis must survive what it looks for
        yield _raised(case, f"{theme.name}: {check.__name__}", error)


def _raised(case: Case, where: str, error: Exception) -> Finding:
    if isinstance(error, PermissionError):
        place, remedy = str(error.filename or error), f"`sudo edge-agent doctor {case.file}`"
        return warning("not-seen", place, "this user may not read it", remedy)
    what = f"this check failed: {type(error).__name__}: {error}"
    archive = f"`sudo edge-agent doctor {case.file} --bundle bundle.tar.gz`"
    remedy = f"please report it, with the archive of {archive}"
    return warning("check-failed", where, what, remedy)


def _redacted(result: ThemeResult, redaction: Redaction) -> ThemeResult:
    findings = tuple(
        msgspec.structs.replace(
            finding,
            where=redaction.redact(finding.where),
            what=redaction.redact(finding.what),
            remedy=redaction.redact(finding.remedy),
        )
        for finding in result.findings
    )
    facts = tuple(map(redaction.redact, result.facts))
    return msgspec.structs.replace(result, findings=findings, facts=facts)
