"""The rig: two real brokers, a file, a real agent that delivers to all three, and who watches."""

import math
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lab.agent import AgentProcess
from lab.broker import Mosquitto
from lab.waiting import eventually

from edge_agent.clock import SystemClock
from edge_agent.events import KINDS, Event
from edge_agent.store.opening import open_log
from edge_agent.store.retention import USED
from edge_agent.store.sink_account import SinkAccount
from tests.configurations import chips
from tests.torture.crash import INJECTED, Crash
from tests.torture.judge import Judge, LogSnapshot, snapshot
from tests.torture.listeners import BrokerListener, FileListener
from tests.torture.row import Row

# The brokers must know their subscribers again after they were killed, and must hold nothing back.
KEEP = """allow_anonymous true
max_inflight_messages 0
persistence true
persistence_location {}/
autosave_interval 1
user root
"""
CONFIG = """
node = "torture"
[mqtt]
url = "{mqtt}"
catch_up = 0
[log]
commit_interval = "20ms"
{log}
[[sink]]
name = "cloud"
url = "{cloud}"
kinds = ["reading", "alert", "lifecycle", "gap"]
from = "beginning"
max_batch = {max_batch}
catch_up = 0
[[sink]]
name = "archive"
url = "file://{archive}"
from = "beginning"
[[output]]
name = "fan"
pin = 22
[[rule]]
name = "warm"
when = "chip10.temperature > mean(chip10.temperature, 2s)"
set = {{ fan = "on" }}
{more}
"""
CLOUD = frozenset({"reading", "alert", "lifecycle", "gap"})
REACHED = 120.0  # s in which a crash point must be reached
STANDSTILL = 60.0  # s without an arrival, after which a backlog is not waited for any more
RECOVERY = 60.0  # s that the rig waits for a recovery, to see how long it takes


@dataclass
class Rig:
    """What a fault gets; `scale` is 1 for the full run, and less for the short form."""

    directory: Path
    chances: random.Random
    scale: float = 1.0
    environment: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, frozenset[str]] = field(
        default_factory=lambda: {
            "mqtt": frozenset(KINDS),
            "cloud": CLOUD,
            "archive": frozenset(KINDS),
        }
    )

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.archive = self.directory / "archive.jsonl"
        self.brokers: dict[str, Mosquitto] = {}
        self.urls: dict[str, str] = {}
        self.listeners: dict[str, BrokerListener | FileListener] = {}
        self._agent: AgentProcess | None = None

    def times(self, number: int, least: int = 1) -> int:
        """Return how often to inject a fault: `number` times in the full run."""
        return max(round(number * self.scale), least)

    @property
    def agent(self) -> AgentProcess:
        assert self._agent is not None, "call prepare() first"
        return self._agent

    def prepare(
        self,
        *,
        urls: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        **given: object,
    ) -> None:
        """Start the brokers and those who listen, and write the configuration; see `configure`.

        `urls` are those that the agent uses, if not the brokers' own; `extra` are lines of a
        broker's configuration, by its sink's name.
        """
        for name in ("mqtt", "cloud"):
            place = self.directory / name
            place.mkdir(exist_ok=True)
            lines = KEEP.format(place) + (extra or {}).get(name, "")
            self.brokers[name] = Mosquitto(place, lines).start()
            self.listeners[name] = BrokerListener(self.brokers[name].port, name)
        self.listeners["archive"] = FileListener(self.archive)
        self.urls = {name: broker.url for name, broker in self.brokers.items()} | dict(urls or {})
        self._agent = AgentProcess(self.directory, "", "")
        self.configure(**given)  # type: ignore[arg-type]

    def configure(
        self, *, devices: str = "", log: str = "", more: str = "", max_batch: int = 1
    ) -> None:
        """Write the configuration: devices, lines of `[log]`, more tables, the batch of `cloud`."""
        text = CONFIG.format(
            **self.urls,
            archive=self.archive,
            log=log,
            more=(devices or chips()) + more,
            max_batch=max_batch,
        )
        self.agent.config.write_text(text)

    def begin(self, **given: object) -> None:
        """Prepare, start the agent, and wait until every sink gets events."""
        self.prepare(**given)  # type: ignore[arg-type]
        self.start()
        self.flows(20)

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the agent, with more of an environment for this start."""
        self.agent.start(environment=INJECTED | self.environment | dict(environment or {}))

    def flows(self, events: int = 1) -> None:
        """Wait until each sink has got so many more events than now."""
        wanted = {name: len(one.arrivals()) + events for name, one in self.listeners.items()}
        self.wait_for(
            lambda: all(len(one.arrivals()) >= wanted[name] for name, one in self.listeners.items())
        )

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until a condition is true, or the agent has ended: then say what it said."""
        eventually(lambda: condition() or not self.agent.is_running())
        assert condition(), self.said()

    def drains(self, most: int) -> None:
        """Wait until fewer than `most` events wait for each sink, for as long as some arrive."""
        stands = _Quiet(self._arrived, STANDSTILL)
        rest = 0

        def enough() -> bool:
            nonlocal rest
            rest = max(one.waiting for one in self.accounts().values())
            return rest < most or stands()

        eventually(enough, math.inf)
        assert rest < most, f"{rest} events wait; {self.said()}"

    def crash(self, crash: Crash, cause: Callable[[], None] = lambda: None) -> None:
        """Start the agent, bring about what leads to the crash point, and wait for the SIGKILL."""
        self.start(crash.environment())
        cause()
        with suppress(AssertionError):
            eventually(lambda: not self.agent.is_running(), REACHED)
        code = self.agent.process.poll()
        assert code == -signal.SIGKILL, f"{crash}: {code}\n{self.said()}"

    def said(self) -> str:
        """Return what the agent said last, without its readings."""
        lines = self.agent.output.read_text().splitlines()
        return "\n".join([line for line in lines if "temperature" not in line][-20:])

    def fill(self, events: int = 0, *, size: int = 0) -> None:
        """Record events while the agent does not run: so many, or until they take `size` bytes."""
        clock = SystemClock()
        log = open_log(self.agent.log, clock)
        while events > 0 or log.execute(USED)[0][0] < size:
            with log.transaction():
                log.append([_filling(clock, n) for n in range(50)])
            events -= 50
        log.close()

    def let_pass(self, seconds: float) -> None:
        """Let the processes work for a while: their clock cannot be moved."""
        threading.Event().wait(seconds)

    def snapshot(self) -> LogSnapshot:
        """Return what the log has now."""
        return snapshot(self.agent.log)

    def accounts(self) -> dict[str, SinkAccount]:
        """Return the accounts as they are now."""
        return self.snapshot().accounts

    def recovery(self, ended: float, seconds: float = RECOVERY) -> float:
        """Return how long after `ended` every broker had events again that were new to it."""
        names = ("mqtt", "cloud")
        try:
            eventually(lambda: all(self._first_new(name, ended) for name in names), seconds)
        except AssertionError:
            return math.inf
        return max(self._first_new(name, ended) for name in names) - ended

    def _first_new(self, name: str, ended: float) -> float:
        arrivals = self.listeners[name].arrivals()
        before = {(one.log, one.offset) for one in arrivals if one.at <= ended}
        later = (one for one in arrivals if one.at > ended)
        return next((one.at for one in later if (one.log, one.offset) not in before), 0.0)

    def finish(
        self,
        name: str,
        injected: int,
        ended: float | None,
        note: str = "",
        *,
        code: int | None = 0,
        may_refuse: bool = False,
        may_reorder: bool = False,
    ) -> Row:
        """Stop the agent, wait for what is under way, and judge; `ended` is on the monotonic clock.

        `code` is the exit code that the stop should have, None for any; see `Judge.verdicts`. The
        order is no promise (`may_reorder`) if a broker takes events while it refuses earlier ones.
        """
        recovered = None if ended is None else self.recovery(ended)
        found = self.agent.stop()
        self.settle()
        arrived = {sink: one.arrivals() for sink, one in self.listeners.items()}
        judge = Judge(self.snapshot(), arrived)
        verdicts = judge.verdicts(self.kinds, may_refuse=may_refuse)
        stopped = code is None or found == code
        reordered = sum(one.reordered for one in verdicts)
        problems = [] if stopped else [f"the agent ended with {found}"]
        problems += [f"{judge.twice} recorded twice"] if judge.twice else []
        problems += [line for one in verdicts for line in one.problems()]
        return Row(
            name,
            injected,
            sum(one.at_stake for one in verdicts),
            sum(len(one.lost) for one in verdicts),
            len(judge.contradictory) + judge.twice + (0 if may_reorder else reordered),
            sum(one.duplicated for one in verdicts),
            recovered,
            stopped and all(one.adds_up for one in verdicts),
            "; ".join([*([note] if note else []), *problems]),
            sum(one.named for one in verdicts),
        )

    def settle(self) -> None:
        """Wait until all that the log calls delivered has arrived, or nothing arrives any more."""
        log = self.snapshot()
        quiet = _Quiet(self._arrived, 20.0)
        eventually(lambda: self._complete(log) or quiet(), math.inf)

    def _arrived(self) -> int:
        return sum(len(one.arrivals()) for one in self.listeners.values())

    def _complete(self, log: LogSnapshot) -> bool:
        return all(
            {
                offset
                for offset, event in log.events.items()
                if log.accounts[name].start < offset <= log.accounts[name].cursor
                and event.kind in self.kinds[name]
            }
            <= {arrival.offset for arrival in one.arrivals() if arrival.log == log.id}
            for name, one in self.listeners.items()
        )

    def close(self) -> None:
        """End everything that was started."""
        if self._agent is not None and self._agent.is_running():
            self._agent.kill()
        for one in self.listeners.values():
            one.close()
        for broker in self.brokers.values():
            broker.stop()


class _Quiet:
    """Whether a number has not changed for so many seconds."""

    def __init__(self, number: Callable[[], int], seconds: float) -> None:
        self._number = number
        self._seconds = seconds
        self._last, self._since = -1, time.monotonic()

    def __call__(self) -> bool:
        now = self._number()
        if now != self._last:
            self._last, self._since = now, time.monotonic()
        return time.monotonic() - self._since > self._seconds


def _filling(clock: SystemClock, n: int) -> Event:
    return Event(
        "reading", "filling", clock.now(), {"values": {}, "quality": "none", "detail": f"{n:0100}"}
    )
