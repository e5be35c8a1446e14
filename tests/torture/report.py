"""docs/torture.md: what the last full run has found."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.torture.row import Row, table
from tests.torture.sabotage import SABOTAGES

PAGE = Path(__file__).parent.parent.parent / "docs" / "torture.md"
HEAD = """# The torture run

Written by `make torture`: real agents on simulated chips deliver to two real brokers and a file,
while faults are injected from outside. Afterwards, what has arrived is compared with the log and
its accounts. An event counts once for each sink that wants it.

- *lost*: neither arrived, nor waiting, nor named in a gap event that reached the sink. What a
  broker refused for good is lost, too, if it could have taken it.
- *given up*: neither arrived nor waiting, but named in a gap event that reached the sink.
- *contradictory*: an id with two contents, a reading with two ids, or events in the wrong order,
  unless the broker took later ones while it refused earlier ones for a while.
- *duplicated*: arrived again with the same id and content, as at-least-once delivery permits.
- *recovered in*: from the end of the fault to the first new event at every broker, a restart of the
  agent by its supervisor included.
- *account*: for each sink, recorded = delivered + waiting + refused + dropped, counted again from
  what arrived.
"""
BROKEN = """
## Broken on purpose

The same run finds agents that are broken on purpose: each harms more than the agent as it is.
What a power cut takes from commits that were not synced is given up rather than lost: the last
offset is noted beside the log as well, so the next start names what is missing.
"""


def page(rows: Sequence[Row], broken: Mapping[str, Row], seed: int, seconds: float) -> str:
    """Return the page; `broken` has a row for each sabotage, by its name."""
    when = time.strftime("%Y-%m-%d", time.gmtime())
    passed = sum(row.passed for row in rows)
    run = f"Seed {seed}, {when}, {seconds / 60:.0f} minutes: {passed} of {len(rows)} faults passed."
    parts = [HEAD, run, "", table(rows)]
    if broken:
        parts += [BROKEN, table(map(_named, broken, broken.values()))]
    return "\n".join(parts) + "\n"


def _named(name: str, row: Row) -> Row:
    fault = f"{SABOTAGES[name].what}; {row.fault}"
    return replace(row, fault=fault)
