"""`make fuzz`: every surface, at least 100,000 inputs each; the table goes to docs/proof.md."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.proof import record, table
from fuzzing.surfaces import SURFACES

INPUTS = 100_000  # of one surface
SECONDS = 3600.0  # of the whole; a search that has fewer inputs by then is not complete
HEAD = ("surface", "inputs", "edges", "slowest input", "largest input", "growth", "failures")


class Found(NamedTuple):
    """What the search on one surface has found; `edges` are the branches that were seen."""

    name: str
    edges: int
    result: dict[str, Any]

    def complete(self, inputs: int) -> bool:
        """Return whether there were enough inputs."""
        return self.result["inputs"] >= inputs

    def cells(self, inputs: int) -> tuple[str, ...]:
        """Return it as a line of the table."""
        result = self.result
        return (
            self.name,
            f"{result['inputs']:,}" + ("" if self.complete(inputs) else ", not complete"),
            f"{self.edges:,}",
            f"{result['seconds'] * 1e3:.0f} ms",
            f"{result['bytes'] / 1024:.0f} KiB",
            f"{result['kept']:+,} blocks",
            "; ".join(result["crashes"]) or "none",
        )


def search(name: str, inputs: int, deadline: float) -> Found:
    """Search one surface in a process of its own."""
    seconds = max(deadline - time.monotonic(), 1.0)
    with tempfile.TemporaryDirectory() as directory:
        corpus, result = Path(directory, "corpus"), Path(directory, "result")
        corpus.mkdir()
        command = [sys.executable, "-m", "fuzzing.search", name, str(inputs), str(seconds)]
        done = subprocess.run(
            [*command, corpus, result], stderr=subprocess.PIPE, text=True, check=False
        )
        found = json.loads(result.read_text()) if result.exists() else _ended(done.stderr)
    edges = re.findall(r"cov: (\d+)", done.stderr)
    return Found(name, int(edges[-1]) if edges else 0, found)


def _ended(said: str) -> dict[str, Any]:
    """Return the result of a process that an input has ended, or that was stopped as it hung."""
    why = said.strip().splitlines()[-1:]
    return {"inputs": 0, "seconds": 0, "bytes": 0, "kept": 0, "crashes": {f"ended: {why}": ""}}


def main() -> int:
    """Search all surfaces, or those that are named; return 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("surfaces", nargs="*", choices=[[], *SURFACES])
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    one = partial(search, inputs=given.inputs, deadline=time.monotonic() + given.seconds)
    with ThreadPoolExecutor(given.processes) as pool:
        found = list(pool.map(one, given.surfaces or SURFACES))
    text = table(HEAD, [each.cells(given.inputs) for each in found])
    print(text)
    if not given.surfaces:
        record("fuzz", text)
    return (
        0
        if all(each.complete(given.inputs) and not each.result["crashes"] for each in found)
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
