"""The reports of docs/proof.md: each run rewrites its own part of the page."""

import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs/proof.md"


def record(part: str, text: str) -> None:
    """Write a report into its part of the page, with the date and the kind of machine."""
    made = f"Made on {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, "
    body = f"{made}Python {platform.python_version()}.\n\n{text}"
    page = PAGE.read_text()
    between = re.compile(f"(<!-- report: {part} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    PAGE.write_text(between.sub(lambda found: f"{found[1]}\n{body}\n", page))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
