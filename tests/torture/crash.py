"""Crash points: the agent kills itself before or after a named statement, at the n-th time.

The product knows nothing of it: `inject/sitecustomize.py`, first on the agent's path, lets Python
compile the module with one call more.
"""

import itertools
import os
import signal
import threading
from pathlib import Path
from typing import NamedTuple

from tests.torture.importer import Action, Boundary, Importer

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
VARIABLE = "EDGE_CRASH"
FULL = "EDGE_FULL"  # a file: while it is there, the event log cannot be written


class Crash(NamedTuple):
    """SIGKILL at the n-th time at a boundary, after `stall` seconds in which other threads run."""

    boundary: Boundary
    hit: int = 1
    stall: float = 0.0

    def environment(self) -> dict[str, str]:
        """Return what the agent must be started with."""
        return {VARIABLE: "\n".join((*self.boundary, str(self.hit), str(self.stall)))}

    @classmethod
    def of(cls, text: str) -> "Crash":
        *boundary, hit, stall = text.split("\n")
        return cls(Boundary(*boundary), int(hit), float(stall))


def path_with(*first: Path) -> dict[str, str]:
    """Return the environment in which Python looks into these directories first."""
    return {"PYTHONPATH": os.pathsep.join(map(str, (*first, ROOT)))}


INJECTED = path_with(HERE / "inject")


# ── In the agent's process ────────────────────────────────────────────────────────────────────────


def arm(importer: Importer) -> None:
    """Let the agent do what its environment asks for."""
    text = os.environ.get(VARIABLE)
    if text:
        crash = Crash.of(text)
        importer.call(crash.boundary, _killing(crash))
    if FULL in os.environ:
        begin = Boundary("edge_agent.store.event_log", "EventLog.transaction", "BEGIN IMMEDIATE")
        importer.call(begin, _filling(Path(os.environ[FULL])))


def _killing(crash: Crash) -> Action:
    hits = itertools.count(1)

    def reached() -> None:
        if next(hits) == crash.hit:
            threading.Event().wait(crash.stall)  # other threads go on
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _filling(file: Path) -> Action:
    import sqlite3  # noqa: PLC0415 - the agent imports it anyway, a little later

    def begun() -> None:
        if file.exists():
            raise sqlite3.OperationalError("database or disk is full")

    return begun
