"""A diagnosis in words for people, and as JSON for scripts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from edge_agent.doctor.finding import Finding, FindingVerdict


def lines(verdict: FindingVerdict) -> Iterator[str]:
    """Yield what to print for one theme."""
    if verdict.left_out:
        yield f"left out  {verdict.theme}: {verdict.left_out}"
    elif not verdict.findings:
        yield f"fine      {verdict.theme}"
    for finding in verdict.findings:
        yield f"{finding.severity:<8}  {verdict.theme}: {finding.where}: {finding.what}"
        yield f"          [{finding.id}] {finding.remedy}"


def summary(verdicts: Sequence[FindingVerdict]) -> str:
    """Return the last line."""
    counts = count(verdicts)
    if not counts.total():
        return "nothing is wrong"
    words = (("problem", counts["problem"]), ("warning", counts["warning"]))
    return ", ".join(f"{n} {word}{'s' * (n != 1)}" for word, n in words)


def count(verdicts: Iterable[FindingVerdict]) -> Counter[str]:
    """Return how many findings there are of each severity."""
    return Counter(finding.severity for finding in _findings(verdicts))


def as_json(verdicts: Sequence[FindingVerdict]) -> dict[str, Any]:
    """Return problems and warnings by number, and every theme with its findings."""
    counts = count(verdicts)
    return {
        "problems": counts["problem"],
        "warnings": counts["warning"],
        "themes": msgspec.to_builtins(verdicts),
    }


def _findings(verdicts: Iterable[FindingVerdict]) -> Iterator[Finding]:
    for verdict in verdicts:
        yield from verdict.findings
