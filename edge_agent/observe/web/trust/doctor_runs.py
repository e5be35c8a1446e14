"""The doctor's findings: one run at a time, in a thread of its own, and not often."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import msgspec

PAUSE = 30.0  # s between the begins of two runs: the doctor asks every destination
LIMIT = 300.0  # s after which a run that hangs is given up


class DoctorReport(msgspec.Struct, frozen=True):
    """What a run has found so far; times in µs since 1970, `wait` in s until another may begin.

    `error` says why a run ended early. Without a `began`, there was none yet.
    """

    running: bool
    began: int | None
    themes: Sequence[Any]
    wait: float
    error: str = ""


NEVER = DoctorReport(running=False, began=None, themes=(), wait=0.0)


class _Found(NamedTuple):
    run: int
    theme: Any


class _Ended(NamedTuple):
    run: int
    error: str


class DoctorRuns:
    """Runs `diagnose`; the web thread alone calls `collect`, any thread the rest.

    `report` is replaced whole. A run that hangs is left alone, and its results no longer count.
    """

    def __init__(
        self,
        diagnose: Callable[[], Iterable[Any]],
        monotonic: Callable[[], float],
        now: Callable[[], int],
    ) -> None:
        """Use `now` in µs since 1970; `diagnose` yields what themes find."""
        self.report = NEVER
        self._diagnose = diagnose
        self._monotonic = monotonic
        self._now = now
        self._inbox: SimpleQueue[_Found | _Ended | None] = SimpleQueue()
        self._run = 0
        self._began = float("-inf")

    def ask(self) -> None:
        """Let a run begin, if none runs and the last one is not too young."""
        if self._inbox.qsize() < 100:
            self._inbox.put(None)

    def collect(self) -> None:
        """Take what was found, and begin a run that was asked for."""
        with suppress(Empty):
            while True:
                self._take(self._inbox.get_nowait())
        passed = self._monotonic() - self._began
        if self.report.running and passed > LIMIT:
            self._end(f"no answer within {LIMIT:g} s; `edge-agent doctor` shows where it waits")
        wait = round(max(PAUSE - passed, 0.0), 1)
        if self.report.wait != wait:
            self.report = msgspec.structs.replace(self.report, wait=wait)

    def _take(self, item: _Found | _Ended | None) -> None:
        if item is None:
            self._begin()
        elif item.run == self._run and isinstance(item, _Found):
            self.report = msgspec.structs.replace(
                self.report, themes=(*self.report.themes, item.theme)
            )
        elif item.run == self._run and isinstance(item, _Ended):
            self._end(item.error)

    def _begin(self) -> None:
        now = self._monotonic()
        if self.report.running or now - self._began < PAUSE:
            return
        self._began, self._run = now, self._run + 1
        self.report = DoctorReport(running=True, began=self._now(), themes=(), wait=PAUSE)
        threading.Thread(
            target=self._examine, args=(self._run,), name="doctor", daemon=True
        ).start()

    def _end(self, error: str) -> None:
        self._run += 1
        self.report = msgspec.structs.replace(self.report, running=False, error=error)

    def _examine(self, run: int) -> None:
        error = ""
        try:
            for theme in self._diagnose():
                self._inbox.put(_Found(run, theme))
        except Exception as failure:  # noqa: BLE001 - the page shows it
            error = f"the doctor failed: {type(failure).__name__}: {failure}"
        self._inbox.put(_Ended(run, error))
