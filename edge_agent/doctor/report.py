"""A diagnosis as text for people, and as JSON for scripts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from edge_agent.doctor.finding import ThemeResult

INDENT = " " * 10  # below the severity


def lines(result: ThemeResult) -> Iterator[str]:
    """Yield the lines to print for one theme."""
    if result.skipped:
        yield f"skipped   {result.theme}: {result.skipped}"
    elif not result.findings:
        yield f"ok        {result.theme}"
    for finding in result.findings:
        yield f"{finding.severity:<8}  {result.theme}: {finding.where}: {finding.what}"
        yield f"{INDENT}[{finding.id}] {finding.remedy}"
    for fact in result.facts:
        yield f"{INDENT}{fact}"


def summary(results: Sequence[ThemeResult]) -> str:
    """Return the last line."""
    counts = count(results)
    if not counts.total():
        return "no problems found"
    words = (("problem", counts["problem"]), ("warning", counts["warning"]))
    return ", ".join(f"{n} {word}{'s' * (n != 1)}" for word, n in words)


def count(results: Iterable[ThemeResult]) -> Counter[str]:
    """Return the number of findings of each severity."""
    return Counter(finding.severity for result in results for finding in result.findings)


def as_json(results: Sequence[ThemeResult]) -> dict[str, Any]:
    """Return the numbers of problems and warnings, and every theme with its findings."""
    counts = count(results)
    return {
        "problems": counts["problem"],
        "warnings": counts["warning"],
        "themes": msgspec.to_builtins(results),
    }
