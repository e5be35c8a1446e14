"""The rig: two real brokers, a file, a real agent that delivers to all three, and who watches."""

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.agent import AgentProcess
from lab.broker import Mosquitto
from lab.waiting import eventually

from edge_agent.events import KINDS
from edge_agent.store.account import SinkAccount
from tests.torture.judge import Judge, LogSnapshot, Verdict, snapshot
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
CHIP = """
[[device]]
name = "chip{bus}{n}"
driver = "sht4x"
bus = {bus}
address = {address}
every = "{every}"
"""
CLOUD = frozenset({"reading", "alert", "lifecycle", "gap"})
RECOVERY = 60.0  # s that the rig waits for a recovery, to see how long it takes
SETTLING = 60.0  # s that may pass until what was delivered has arrived


def chips(buses: int = 2, each: int = 3, every: str = "50ms") -> str:
    """Return devices; by default six, with 120 readings a second together."""
    return "".join(
        CHIP.format(bus=bus, n=n, address=0x44 + n, every=every)
        for bus in range(1, buses + 1)
        for n in range(each)
    )


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
        devices: str = "",
        log: str = "",
        more: str = "",
        max_batch: int = 1,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """Start the brokers and those who listen, and write the configuration.

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
        addresses = {name: broker.url for name, broker in self.brokers.items()} | dict(urls or {})
        config = CONFIG.format(
            **addresses,
            archive=self.archive,
            log=log,
            more=(devices or chips()) + more,
            max_batch=max_batch,
        )
        self._agent = AgentProcess(self.directory, "", config)

    def begin(self, **given: object) -> None:
        """Prepare, start the agent, and wait until every sink gets events."""
        self.prepare(**given)  # type: ignore[arg-type]
        self.start()
        self.flows(20)

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the agent, with more of an environment for this start."""
        self.agent.start(environment=self.environment | dict(environment or {}))

    def flows(self, events: int = 1) -> None:
        """Wait until each sink has got so many more events than now."""
        wanted = {name: len(one.arrivals()) + events for name, one in self.listeners.items()}
        self.wait_for(
            lambda: all(len(one.arrivals()) >= wanted[name] for name, one in self.listeners.items())
        )

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until a condition is true, or the agent has ended: then say what it said."""
        eventually(lambda: condition() or not self.agent.is_running())
        assert condition(), self.agent.output.read_text()[-2000:]

    def let_pass(self, seconds: float) -> None:
        """Let the processes work for a while: their clock cannot be moved."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.01)

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
        self, name: str, injected: int, ended: float | None, note: str = "", *, code: int | None = 0
    ) -> Row:
        """Stop the agent, wait for what is under way, and judge; `ended` is on the monotonic clock.

        `code` is the exit code that the stop should have; None for any.
        """
        recovered = None if ended is None else self.recovery(ended)
        found = self.agent.stop()
        problems = [f"the agent ended with {found}"] if code is not None and found != code else []
        self.settle()
        judge = Judge(
            self.snapshot(), {name: one.arrivals() for name, one in self.listeners.items()}
        )
        verdicts = judge.verdicts(self.kinds)
        problems += [f"{one.sink}: {one.why}" for one in verdicts if one.why]
        problems += [f"{one.sink}: {one.reordered} reordered" for one in verdicts if one.reordered]
        problems += [f"{one.sink}: lost {_few(one)}" for one in verdicts if one.lost]
        return Row(
            name,
            injected,
            sum(one.at_stake for one in verdicts),
            sum(len(one.lost) for one in verdicts),
            len(judge.contradictory) + sum(one.reordered for one in verdicts),
            sum(one.duplicated for one in verdicts),
            recovered,
            all(one.adds_up for one in verdicts) and (code is None or found == code),
            "; ".join([*([note] if note else []), *problems]),
        )

    def settle(self) -> None:
        """Wait until all that the log calls delivered has arrived, or nothing arrives any more."""
        log = self.snapshot()
        quiet = _Quiet(lambda: sum(len(one.arrivals()) for one in self.listeners.values()))
        eventually(lambda: self._complete(log) or quiet(), SETTLING)

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
    """Whether a number has not changed for five seconds."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._last, self._since = -1, time.monotonic()

    def __call__(self) -> bool:
        now = self._number()
        if now != self._last:
            self._last, self._since = now, time.monotonic()
        return time.monotonic() - self._since > 5


def _few(verdict: Verdict) -> str:
    offsets = sorted(offset for _, offset in verdict.lost)
    return ", ".join(map(str, offsets[:5])) + (" …" if len(offsets) > 5 else "")
