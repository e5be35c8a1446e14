"""Process faults: the agent is killed, at random moments and at named boundaries."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.configurations import chips
from tests.torture.boundaries import BOUNDARIES
from tests.torture.crash import FULL, Crash
from tests.torture.damage import damage, old_log
from tests.torture.fault import Fault
from tests.torture.rig import Rig
from tests.torture.row import Row

STALLS = (0.0, 0.0, 0.2)  # s: sometimes the other threads go on before the end
Step = Callable[[Rig], None]


def kill_at_random(rig: Rig) -> Row:
    """Kill the agent again and again, half of the times while the first broker does not answer."""
    rig.begin()
    kills = rig.times(40, 4)
    for n in range(kills):
        if n % 2:
            rig.brokers["mqtt"].pause()  # much is under way then, and nothing acknowledged
        rig.let_pass(rig.chances.uniform(0, 0.6))
        rig.agent.kill()
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        rig.start()
        rig.flows(5)
    return rig.finish("SIGKILL at a random moment", kills, ended)


def nothing(_rig: Rig) -> None:
    """Do nothing."""


class Crashes:
    """SIGKILL at every boundary of a group, several times, and a start after each one.

    `before` prepares the log while the agent does not run; `cause` leads to the boundary while it
    runs. A boundary is hit at its n-th time, up to `latest`.
    """

    def __init__(
        self,
        group: str,
        *,
        hits: int = 1,
        latest: int = 1,
        before: Step = nothing,
        cause: Step = nothing,
        after: Step = nothing,
        log: str = "",
    ) -> None:
        self._group = group
        self._hits = hits
        self._latest = latest
        self._before = before
        self._cause = cause
        self._after = after
        self._log = log

    def __call__(self, rig: Rig) -> Row:
        rig.begin(log=self._log)
        rig.agent.stop()
        boundaries = BOUNDARIES[self._group]
        crashes = [
            Crash(boundary, rig.chances.randint(1, self._latest), rig.chances.choice(STALLS))
            for boundary in boundaries
            for _ in range(rig.times(self._hits))
        ]
        for crash in crashes:
            self._before(rig)
            rig.crash(crash, lambda: self._cause(rig))
            self._after(rig)
        ended = time.monotonic()
        rig.start()
        rig.flows()
        name = f"SIGKILL: {self._group}"
        return rig.finish(name, len(crashes), ended, f"{len(boundaries)} boundaries")


def stopped_well(rig: Rig) -> None:
    """Let the agent start and stop, so that the next one has offsets to reserve."""
    rig.start()
    rig.flows()
    assert rig.agent.stop() == 0


def nearly_full(rig: Rig) -> None:
    """Fill the log up to where the history is trimmed."""
    rig.fill(size=700_000)


def silent_and_full(rig: Rig) -> None:
    """Fill the log beyond its limit with what one broker does not take."""
    rig.brokers["cloud"].pause()
    rig.fill(size=900_000)


def resume(rig: Rig) -> None:
    rig.brokers["cloud"].resume()


def damaged(rig: Rig) -> None:
    """Let the agent put right what a kill has left, then damage what no sink has yet."""
    stopped_well(rig)
    rig.fill(400)
    damage(rig.agent.log, rig.chances)


def stop(rig: Rig) -> None:
    rig.flows(5)
    rig.agent.send(signal.SIGTERM)


def fill_disk_and_stop(rig: Rig) -> None:
    rig.flows(5)
    _full(rig).touch()
    rig.let_pass(0.3)
    rig.agent.send(signal.SIGTERM)


def spilled(rig: Rig) -> None:
    """Stop an agent that cannot write its log."""
    rig.start()
    fill_disk_and_stop(rig)
    assert rig.agent.process.wait(60) == 1, rig.said()
    assert list((rig.directory / "runtime").glob("*.spill"))
    empty_disk(rig)


def empty_disk(rig: Rig) -> None:
    _full(rig).unlink(missing_ok=True)


def _full(rig: Rig) -> Path:
    return rig.directory / "full"


def on_a_disk(crashes: Crashes) -> Step:
    """Return the fault with a disk that can be full."""

    def run(rig: Rig) -> Row:
        (rig.directory / "runtime").mkdir()
        runtime = str(rig.directory / "runtime")
        rig.environment |= {FULL: str(_full(rig)), "RUNTIME_DIRECTORY": runtime}
        return crashes(rig)

    return run


def reload(rig: Rig) -> None:
    """Change devices, rules and a sink, and ask for a reload."""
    rig.flows(5)
    more = rig.chances.choice(("", '[[output]]\nname = "lamp"\npin = 23\n'))
    every = rig.chances.choice(("50ms", "60ms"))
    rig.configure(devices=chips(3, 2, every), more=more, max_batch=rig.chances.randint(2, 50))
    rig.agent.send(signal.SIGHUP)


def migration(rig: Rig) -> Row:
    """Kill the agent while it brings a log of an older version to the newest one."""
    rig.prepare()
    waiting = old_log(rig.agent.log)
    crashes = [Crash(boundary) for boundary in BOUNDARIES["migration"]]
    for crash in crashes:
        rig.crash(crash)
    ended = time.monotonic()
    rig.start()
    rig.flows(waiting)
    note = f"{len(crashes)} boundaries"
    return rig.finish("SIGKILL: migration", len(crashes), ended, note)


def crashes(name: str, run: Callable[[Rig], Row], short: bool = False) -> Fault:
    return Fault("process", name, run, short)


FAULTS = (
    crashes("kill-at-random", kill_at_random, short=True),
    crashes("append", Crashes("append", hits=4, latest=60)),
    crashes("commit", Crashes("commit", hits=3, latest=60), short=True),
    crashes("publish", Crashes("publish", hits=3, latest=60)),
    crashes("acknowledgement", Crashes("acknowledgement", hits=3, latest=60)),
    crashes("cursor", Crashes("cursor move", hits=3, latest=4)),
    crashes("file-sink", Crashes("file sink", hits=2, latest=40)),
    crashes("mark", Crashes("mark", hits=2, before=stopped_well)),
    crashes("trim", Crashes("trim", hits=2, before=nearly_full, log='max_size = "1MB"')),
    crashes(
        "sacrifice",
        Crashes("sacrifice", hits=2, before=silent_and_full, after=resume, log='max_size = "1MB"'),
    ),
    crashes("salvage", Crashes("salvage", before=damaged)),
    crashes("migration", migration),
    crashes(
        "spill", on_a_disk(Crashes("spill", hits=2, cause=fill_disk_and_stop, after=empty_disk))
    ),
    crashes("taking-in", on_a_disk(Crashes("taking in", before=spilled))),
    crashes("reload", Crashes("reload", cause=reload)),
    crashes("start", Crashes("start")),
    crashes("stop", Crashes("stop", cause=stop)),
)
