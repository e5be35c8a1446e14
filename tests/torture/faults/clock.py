"""Clock faults: the wall clock jumps, drifts, or is not set for a while after a boot."""

import time
from dataclasses import replace
from datetime import datetime

from lab.waiting import eventually

from tests.torture.fault import Fault
from tests.torture.faults.disk import Service
from tests.torture.rig import Rig
from tests.torture.row import Row

HOUR, YEAR = 3600.0, 365.25 * 86_400
JUMPS = (HOUR, -HOUR, YEAR, -YEAR, 12 * HOUR, -3 * YEAR, 2 * YEAR, -12 * HOUR)
UNSET = -20 * YEAR  # how far back a Pi without a clock chip may begin
DRIFT = 30_000  # ppm: in some seconds it adds up to what a bad crystal does in an hour
TOLERANCE = 2.0  # s, between two clocks that are read one after the other
PATIENCE = 4.0  # s: how long the condition of the rule must hold
JITTER = 0.5  # s, between what is measured and what has arrived
RULE = f"""
[[rule]]
name = "patient"
when = "chip11.temperature > -40"
for = "{PATIENCE:.0f}s"
"""


class Watched(Service):
    """The agent under a faulty wall clock; `spans` are the times that the clock has shown."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig)
        self.spans: list[tuple[float, float]] = []
        self._begin = self.shim.wall()

    def jump(self, seconds: float) -> None:
        """Let the wall clock jump."""
        self._end_span()
        self.shim.jump(seconds)
        self._begin = self.shim.wall()

    def unset(self) -> None:
        """Boot without a clock that can be trusted: what it shows is not a time."""
        self._end_span()
        self._booted = time.monotonic()
        self.shim.trust(False)
        self.shim.jump(UNSET)

    def set(self) -> None:
        """Set the clock: what was measured since the boot gets its true time."""
        self.shim.jump(-UNSET)
        self.shim.trust(True)
        self._begin = self.shim.wall() - (time.monotonic() - self._booted)

    def finish(self, name: str, injected: int, ended: float) -> Row:
        """Judge; a time that the clock has not shown, or a rule that fires early, is wrong."""
        row = super().finish(name, injected, ended)
        self._end_span()
        wrong = [at for at in self._trusted_times() if not self._shown(at)]
        waited = self._waited()
        early = waited < PATIENCE - JITTER
        what = [f"{len(wrong)} times that the clock has not shown: {wrong[:3]}"] if wrong else []
        what += [f"the rule fired after {waited:.1f} s, not {PATIENCE} s"] if early else []
        return replace(
            row,
            contradictory=row.contradictory + len(wrong) + early,
            note="; ".join([*filter(None, [row.note]), *what]),
        )

    def alerts(self, state: str) -> list[float]:
        """Return when alerts of the rule arrived at the second broker."""
        alerts = (one for one in self.rig.listeners["cloud"].arrivals() if one.kind == "alert")
        ours = (one for one in alerts if one.body["subject"] == "patient")
        return [one.at for one in ours if one.body["data"]["state"] == state]

    def _waited(self) -> float:
        """Return how long the rule's condition held until it fired."""
        return self.alerts("firing")[0] - self.alerts("pending")[0]

    def _trusted_times(self) -> list[float]:
        return [
            datetime.fromisoformat(one.body["time"]).timestamp()
            for listener in self.rig.listeners.values()
            for one in listener.arrivals()
            if "clock" not in one.body
        ]

    def _shown(self, at: float) -> bool:
        return any(begin - TOLERANCE <= at <= end + TOLERANCE for begin, end in self.spans)

    def _end_span(self) -> None:
        self.spans.append((self._begin, self.shim.wall()))


def jumps(rig: Rig) -> Row:
    """Let the clock jump while the rule waits, and later, half of the times during an outage."""
    service = Watched(rig)
    rig.begin(more=RULE)
    wanted = JUMPS[: rig.times(len(JUMPS), 2)]
    for n, seconds in enumerate(wanted):
        if n % 2:
            rig.brokers["mqtt"].pause()
        service.works_for(rig.chances.uniform(0, 1))
        service.jump(seconds)
        service.works_for(rig.chances.uniform(0, 1))
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        service.flows()
    service.wait(lambda: service.alerts("firing"))
    return service.finish("the wall clock jumps by hours and years", len(wanted), ended)


def jump_between_runs(rig: Rig) -> Row:
    """Let the clock jump while the agent is not there, as an exchanged battery does."""
    service = Watched(rig)
    rig.begin(more=RULE)
    service.wait(lambda: service.alerts("firing"))
    wanted = JUMPS[: rig.times(4)]
    for seconds in wanted:
        rig.brokers["mqtt"].pause()
        service.works_for(rig.chances.uniform(0, 1))
        rig.agent.kill()
        service.jump(seconds)
        service.shim.boot()
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        service.start()
    return service.finish("the wall clock jumps between two runs", len(wanted), ended)


def not_set(rig: Rig) -> Row:
    """Boot without a clock, and set it later: before, during or after an outage, or a kill."""
    service = Watched(rig)
    rig.prepare(more=RULE)
    times = rig.times(4)
    for n in range(times):
        service.shim.boot()
        service.unset()
        service.start()
        if n % 2:
            rig.brokers["mqtt"].pause()
        service.works_for(rig.chances.uniform(0, 1))
        if n % 4 == 2:
            rig.agent.kill()
            rig.start()
        service.set()
        eventually(lambda n=n: len(clock_sets(rig)) > n)
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        service.flows()
        if n + 1 < times:
            rig.agent.stop()
    service.wait(lambda: service.alerts("firing"))
    return service.finish("the wall clock is set after the boot", times, ended)


def clock_sets(rig: Rig) -> list[int]:
    """Return the offsets of the events that say that the clock was set."""
    events = rig.snapshot().events.values()
    return [one.offset for one in events if one.kind == "lifecycle" and "clock_set" in one.data]


def drifts(rig: Rig) -> Row:
    """Let the clock run fast, then slowly."""
    service = Watched(rig)
    rig.begin(more=RULE)
    rates = (DRIFT, -DRIFT)
    for ppm in rates:
        service.shim.drift(ppm)
        service.works_for(5 * rig.scale + 1)
    ended = time.monotonic()
    service.wait(lambda: service.alerts("firing"))
    return service.finish("the wall clock drifts", len(rates), ended)


FAULTS = (
    Fault("clock", "jumps", jumps),
    Fault("clock", "jump-between-runs", jump_between_runs),
    Fault("clock", "set-later", not_set),
    Fault("clock", "drift", drifts),
)
