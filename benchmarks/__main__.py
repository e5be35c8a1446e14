"""`make bench`: every figure in one run, as a table and as JSON in benchmarks/results.json.

[BEFORE=commit] python -m benchmarks [PART]...   measures only some parts, if they are named
"""

import json
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.before import before
from benchmarks.part import PARTS, measured
from benchmarks.row import Row

RESULT = Path(__file__).parent / "results.json"


class Figure(NamedTuple):
    """A row, and the value of the earlier agent beside it; None if there is none."""

    row: Row
    before: float | None

    def __str__(self) -> str:
        return f"{self.row}" + ("" if self.before is None else f"  before: {self.before:,.2f}")


def figures(names: Sequence[str]) -> Iterator[Figure]:
    """Measure the parts, each with the earlier agent first if one is named."""
    with before() as agent:
        for name in names:
            earlier = {title: row.value for title, row in titled(agent.rows(name))}
            for title, row in titled(measured(name)):
                yield Figure(row, earlier.get(title))


def titled(rows: Iterable[Row]) -> Iterator[tuple[tuple[str, str], Row]]:
    """Yield each row with its name and that of the row to which it belongs."""
    head = ""
    for row in rows:
        head = head if row.name.startswith(" ") else row.name
        yield (head, row.name), row


def main() -> int:
    """Measure everything; return 1 if a target is missed or a part fails."""
    names = sys.argv[1:] or [*PARTS]
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"there is no part {' '.join(unknown)}; there are {' '.join(PARTS)}")
    if shutil.which("strace") is None:
        raise SystemExit("strace is missing: sudo apt install strace")
    found = []
    for figure in figures(names):
        found.append(figure)
        print(figure, flush=True)
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    table = [{**row._asdict(), "holds": row.holds, "before": earlier} for row, earlier in found]
    RESULT.write_text(json.dumps({**machine, "figures": table}, ensure_ascii=False, indent=1))
    return 0 if all(row.holds for row, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main())
