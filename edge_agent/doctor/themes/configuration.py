"""Theme: the configuration exists and is valid."""

from collections.abc import Iterator
from errno import EACCES

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem

ADVICE = {
    "config-missing": "`sudo edge-agent init` writes one",
    "config-wrong": "correct the line; `edge-agent check` shows all errors",
}


def check_file(case: Case) -> Iterator[Finding]:
    """Yield every line that `edge-agent check` would print."""
    file = case.file
    if case.configuration.unreadable:
        raise PermissionError(EACCES, "Permission denied", str(file))
    if not file.exists():
        what = "there is no configuration, so everything is checked"
        yield problem("config-missing", str(file), what, "`sudo edge-agent init` writes one")
        return
    for line in case.configuration.problems:
        text = line.removeprefix(f"{file}: ")
        remedy = f"correct it, then run `edge-agent check {file}`"
        yield problem("config-wrong", str(file), text, remedy)


THEME = Theme("configuration", (check_file,), ADVICE)
