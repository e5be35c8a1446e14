"""Theme: the configuration is there and has no mistakes."""

from collections.abc import Iterator
from errno import EACCES

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem


def check_file(case: Case) -> Iterator[Finding]:
    """Yield every line that `edge-agent check` would print."""
    file = case.file
    if case.reading.closed:
        raise PermissionError(EACCES, "Permission denied", str(file))
    if not file.exists():
        what = "there is no configuration; everything is examined"
        yield problem("config-missing", str(file), what, "`sudo edge-agent init` writes one")
        return
    for line in case.reading.problems:
        text = line.removeprefix(f"{file}: ")
        remedy = f"mend it, then `edge-agent check {file}`"
        yield problem("config-wrong", str(file), text, remedy)


THEME = Theme("configuration", (check_file,))
