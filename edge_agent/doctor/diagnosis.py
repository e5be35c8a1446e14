"""Runs every theme's checks over a case; nothing that a check raises ends the diagnosis."""

from collections.abc import Iterable, Iterator

import msgspec

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Check, Finding, FindingVerdict, Theme, warning
from edge_agent.doctor.instruments.redaction import Redaction, redaction
from edge_agent.doctor.themes import (
    access,
    configuration,
    gpio,
    interfaces,
    network,
    power,
    service,
    software,
    storage,
    synchronisation,
)

THEMES: tuple[Theme, ...] = (
    configuration.THEME,
    software.THEME,
    interfaces.THEME,
    access.THEME,
    gpio.THEME,
    synchronisation.THEME,
    power.THEME,
    storage.THEME,
    network.THEME,
    service.THEME,
)


def diagnose(case: Case, themes: Iterable[Theme] = THEMES) -> Iterator[FindingVerdict]:
    """Yield how each theme came off, without a secret in any text; raise nothing."""
    redacted = redaction(case)
    for theme in themes:
        yield _judge(case, theme, redacted)


def _judge(case: Case, theme: Theme, redacted: Redaction) -> FindingVerdict:
    try:
        left_out = theme.left_out(case)
    except Exception as error:  # noqa: BLE001 - as below
        return FindingVerdict(theme.name, (_struck(_raised(case, theme.name, error), redacted),))
    if left_out:
        return FindingVerdict(theme.name, left_out=left_out)
    found = [finding for check in theme.checks for finding in _findings(case, theme, check)]
    return FindingVerdict(theme.name, tuple(_struck(finding, redacted) for finding in found))


def _findings(case: Case, theme: Theme, check: Check) -> Iterator[Finding]:
    """Yield what a check finds; what it raises is a finding of its own."""
    try:
        yield from check(case)
    except Exception as error:  # noqa: BLE001 - a diagnosis must not die of what it looks for
        yield _raised(case, f"{theme.name}: {check.__name__}", error)


def _raised(case: Case, where: str, error: Exception) -> Finding:
    if isinstance(error, PermissionError):
        place, remedy = str(error.filename or error), f"`sudo edge-agent doctor {case.file}`"
        return warning("not-seen", place, "this user may not look at it", remedy)
    what = f"this check failed: {type(error).__name__}: {error}"
    remedy = f"tell its authors: `sudo edge-agent doctor {case.file} --bundle edge-agent.tar.gz`"
    return warning("check-failed", where, what, remedy)


def _struck(finding: Finding, redacted: Redaction) -> Finding:
    texts = {name: redacted.strike(getattr(finding, name)) for name in ("where", "what", "remedy")}
    return msgspec.structs.replace(finding, **texts)
