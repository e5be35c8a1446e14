"""A search on one surface, in a process of its own: guided by coverage, or unguided and fast.

python -m fuzzing.search guided|unguided SURFACE INPUTS SECONDS CORPUS RESULT
"""

import contextlib
import gc
import hashlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

from fuzzing.measured import NOTHING, Cost, checked, timed
from fuzzing.mutations import inputs
from fuzzing.surfaces import CASES, SURFACES, Surface, load

LONGEST = 4096  # bytes of an input
HANGS = 30  # seconds: libFuzzer then ends the process, and keeps the input
TRACED = 20  # one input in so many is measured for memory: that takes five times as long
SETTLED = 2000  # inputs, after which every module is imported and every cache is full


class Search:
    """Counts, measures and saves; `take` is what the fuzzer calls."""

    def __init__(
        self, name: str, surface: Surface, corpus: str, inputs: int, seconds: float
    ) -> None:
        self._name = name
        self._corpus = corpus
        self._target = surface.target
        self._inputs = inputs
        self._deadline = time.monotonic() + seconds
        self.count = self._settled = self._kept = 0
        self._most: Cost = NOTHING
        self._crashes: dict[str, str] = {}

    def take(self, data: bytes) -> None:
        """Run one input; the last one ends the process."""
        self.count += 1
        self._run(data, timed if self.count % TRACED else checked)
        if self.count == SETTLED:
            self._settled = _kept()
        if self.count >= self._inputs or time.monotonic() > self._deadline:
            self._end()

    def _run(self, data: bytes, cost: Callable[[Callable[[bytes], None], bytes], Cost]) -> None:
        try:
            self._most |= cost(self._target, data)
        except Exception as error:
            self._save(data, error)

    def _save(self, data: bytes, error: Exception) -> None:
        """Keep the first input for each line of code that raises."""
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"
        if place not in self._crashes:
            self._crashes[place] = str(error)[:200]
            path = CASES / self._name / hashlib.sha256(data).hexdigest()[:12]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            print(f"{self._name}: {place}: {error}: {path}", flush=True)

    def _end(self) -> None:
        """Measure, for memory too, every input that has reached a new branch."""
        signal.setitimer(signal.ITIMER_REAL, 0)  # what libFuzzer's alarm limits is a single input
        kept = _kept() - self._settled if self._settled else 0
        for path in Path(self._corpus).iterdir():
            self._run(path.read_bytes(), checked)
        Path(sys.argv[6]).write_text(json.dumps(self._result(kept)))
        sys.stderr.flush()
        os._exit(0)  # atheris itself does not return

    def _result(self, kept: int) -> dict[str, Any]:
        return {
            "inputs": self.count,
            "seconds": self._most.seconds,
            "bytes": self._most.bytes,
            "kept": kept,
            "crashes": self._crashes,
        }


def _kept() -> int:
    """Return the blocks of memory that are in use once the garbage is collected."""
    gc.collect()
    return sys.getallocatedblocks()


def guided(search: Search, corpus: str, cases: Path) -> None:
    """Let atheris choose the inputs; it ends the process."""
    options = [
        f"-max_len={LONGEST}",
        f"-timeout={HANGS}",
        "-rss_limit_mb=0",
        "-print_final_stats=1",
        f"-artifact_prefix={cases}/",
        "-seed=1",
    ]
    atheris.Setup([sys.argv[0], *options, corpus], search.take)
    atheris.Fuzz()


def unguided(search: Search, corpus: str) -> None:
    """Change at random what a guided search has found, many times as fast."""
    signal.signal(signal.SIGALRM, _give_up)
    for data in inputs([path.read_bytes() for path in sorted(Path(corpus).iterdir())], seed=1):
        signal.setitimer(signal.ITIMER_REAL, HANGS)
        search.take(data)


def _give_up(*_: object) -> None:
    raise TimeoutError(f"an input takes more than {HANGS} s")


def main() -> None:
    """Search until there were enough inputs, or the time is over."""
    how, name, count, seconds, corpus, _ = sys.argv[1:]
    logging.getLogger("edge_agent").setLevel(logging.CRITICAL)
    traced = atheris.instrument_imports(include=list(SURFACES[name]))
    with traced if how == "guided" else contextlib.nullcontext():
        surface = load(name)
    (CASES / name).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(surface.SEEDS):
        Path(corpus, f"seed-{number}").write_bytes(seed[:LONGEST])
        surface.target(seed)  # what is imported late is not the first input's cost
    search = Search(name, surface, corpus, int(count), float(seconds))
    if how == "guided":
        guided(search, corpus, CASES / name)
    unguided(search, corpus)


if __name__ == "__main__":
    main()
