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
GUIDED = 0.3  # of the time that is left: coverage costs a lot
HEAD = (
    *("surface", "guided inputs", "edges", "unguided inputs"),
    *("slowest input", "largest input", "growth", "failures"),
)


class Found(NamedTuple):
    """What both searches on one surface have found; `edges` are the branches that were seen."""

    name: str
    edges: int
    guided: dict[str, Any]
    unguided: dict[str, Any]

    @property
    def inputs(self) -> int:
        """Return how many inputs there were."""
        return int(self.guided["inputs"] + self.unguided["inputs"])

    @property
    def failures(self) -> dict[str, str]:
        """Return what failed, by its place."""
        return {**self.guided["crashes"], **self.unguided["crashes"]}

    def complete(self, inputs: int) -> bool:
        """Return whether there were enough inputs."""
        return self.inputs >= inputs

    def cells(self, inputs: int) -> tuple[str, ...]:
        """Return it as a line of the table."""
        both = (self.guided, self.unguided)
        kept = (self.unguided if self.unguided["inputs"] else self.guided)["kept"]
        return (
            self.name,
            f"{self.guided['inputs']:,}",
            f"{self.edges:,}",
            f"{self.unguided['inputs']:,}" + ("" if self.complete(inputs) else ", not complete"),
            f"{max(one['seconds'] for one in both) * 1e3:.0f} ms",
            f"{max(one['bytes'] for one in both) / 1024:.0f} KiB",
            f"{kept:+,} blocks",
            "; ".join(self.failures) or "none",
        )


def search(name: str, inputs: int, deadline: float) -> Found:
    """Search one surface, guided by coverage; what is missing then comes unguided, but faster."""
    with tempfile.TemporaryDirectory() as directory:
        corpus = Path(directory, "corpus")
        corpus.mkdir()
        left = (deadline - time.monotonic()) * GUIDED
        guided, said = _run("guided", name, inputs, left, corpus)
        missing = max(inputs - guided["inputs"], 0)
        left = deadline - time.monotonic()
        unguided = _run("unguided", name, missing, left, corpus)[0] if missing else NONE
    edges = re.findall(r"cov: (\d+)", said)
    return Found(name, int(edges[-1]) if edges else 0, guided, unguided)


NONE = {"inputs": 0, "seconds": 0, "bytes": 0, "kept": 0, "crashes": {}}


def _run(
    how: str, name: str, inputs: int, seconds: float, corpus: Path
) -> tuple[dict[str, Any], str]:
    """Return the result of a search in a process of its own, and what atheris has said."""
    result = corpus.with_name("result")
    result.unlink(missing_ok=True)
    words = [how, name, str(inputs), str(max(seconds, 1.0)), str(corpus), str(result)]
    done = subprocess.run(
        [sys.executable, "-m", "fuzzing.search", *words],
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    found = json.loads(result.read_text()) if result.exists() else _ended(done.stderr)
    return found, done.stderr


def _ended(said: str) -> dict[str, Any]:
    """Return the result of a process that an input has ended, or that was stopped as it hung."""
    why = said.strip().splitlines()[-1:]
    return {**NONE, "crashes": {f"ended: {why}": ""}}


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
    return 0 if all(each.complete(given.inputs) and not each.failures for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
