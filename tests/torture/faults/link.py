"""Link faults: what may happen between the agent and its brokers, injected by a TCP proxy."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from lab.waiting import eventually

from tests.torture.fault import Fault
from tests.torture.proxy import BACK, GOOD, HALF_OPEN, THERE, Conditions, Proxy
from tests.torture.resolver import NAME, VARIABLE
from tests.torture.rig import Rig
from tests.torture.row import Row

BROKERS = ("mqtt", "cloud")

P = TypeVar("P", bound=Proxy)


@dataclass
class Links(Generic[P]):
    """A rig, and the links of its agent to both brokers; `slowest` is the longest recovery."""

    rig: Rig
    proxies: dict[str, P]
    slowest: float = 0.0

    def be(self, conditions: Conditions) -> None:
        for proxy in self.proxies.values():
            proxy.be(conditions)

    def arrived(self, name: str) -> int:
        """Return how many events a broker's listener has, each counted once."""
        return len({(one.log, one.offset) for one in self.rig.listeners[name].arrivals()})

    def total(self, count: str) -> int:
        return sum(getattr(proxy, count) for proxy in self.proxies.values())

    def grows(self, count: str, by: int, every: bool = True) -> None:
        """Wait until a count of each proxy has grown."""
        goals = {one: getattr(one, count) + by for one in self.proxies.values()}
        eventually(lambda: all(getattr(one, count) >= goal for one, goal in goals.items()))

    def recover(self) -> None:
        """Note how long it takes from now until every broker has new events."""
        self.slowest = max(self.slowest, self.rig.recovery(time.monotonic()))

    def finish(self, name: str, injected: int, note: str = "", *, may_reorder: bool = False) -> Row:
        row = self.rig.finish(name, injected, None, note, may_reorder=may_reorder)
        return replace(row, recovered=self.slowest)


@contextmanager
def linked(
    rig: Rig,
    kind: type[P],
    host: str = "127.0.0.1",
    environment: dict[str, str] | None = None,
    changes: Iterable[tuple[str, str]] = (),
    **given: object,
) -> Iterator[Links[P]]:
    """Begin with an agent whose brokers are behind proxies; end these in any case.

    `changes` are those to the rig's configuration: what is replaced, and by what.
    """
    proxies = {name: kind(rig.chances) for name in BROKERS}
    urls = {name: f"mqtt://{host}:{proxy.port}" for name, proxy in proxies.items()}
    rig.prepare(urls=urls, **given)  # type: ignore[arg-type]
    for old, new in changes:
        rig.agent.config.write_text(rig.agent.config.read_text().replace(old, new))
    for name, proxy in proxies.items():
        proxy.start(rig.brokers[name].port)
    try:
        rig.start(environment)
        rig.flows(20)
        yield Links(rig, proxies)
    finally:
        for proxy in proxies.values():
            proxy.close()


def cut(rig: Rig, end: Callable[[Proxy], None], name: str) -> Row:
    """End all connections at random moments."""
    with linked(rig, Proxy) as links:
        for _ in range(rig.times(5)):
            rig.let_pass(rig.chances.uniform(0.2, 1.0))
            for proxy in links.proxies.values():
                end(proxy)
            links.recover()
        return links.finish(name, links.total("broken"))


def reset_within_packets(rig: Rig) -> Row:
    with linked(rig, Proxy) as links:
        for _ in range(rig.times(3)):
            links.be(Conditions(resets=0.5))
            links.grows("broken", 2)
            links.be(GOOD)
            links.recover()
        return links.finish("reset in the middle of a packet", links.total("broken"))


def away(rig: Rig) -> Row:
    """Refuse every connection for a while."""
    with linked(rig, Proxy) as links:
        for _ in range(rig.times(2)):
            links.be(Conditions(refuses=True))
            links.grows("broken", rig.times(3, least=2))
            links.be(GOOD)
            links.recover()
        return links.finish("link down", links.total("broken"))


def swallow(rig: Rig, conditions: Conditions, name: str) -> Row:
    """Let bytes vanish until the agent has noticed it; in the short form not so long."""
    with linked(rig, Proxy) as links:
        links.be(conditions)
        links.grows("swallowed", 1)
        if rig.scale == 1:
            links.grows("accepted", 1)  # it has given the connections up, and tries again
        links.be(GOOD)
        links.recover()
        bytes_ = links.total("swallowed")
        return links.finish(name, len(BROKERS), f"{bytes_} bytes swallowed")


def lose_packets(rig: Rig) -> Row:
    """Delay pieces as a retransmission does; TCP gives up now and then."""
    with linked(rig, Proxy) as links:
        links.be(Conditions(stalls=0.2, resets=0.02))
        links.grows("stalled", rig.times(30, least=3))
        links.be(GOOD)
        links.recover()
        note = f"{links.total('stalled')} stalls, {links.total('broken')} resets"
        return links.finish("loss", links.total("stalled") + links.total("broken"), note)


def delay(rig: Rig) -> Row:
    with linked(rig, Proxy) as links:
        before = links.total("delayed")
        links.be(Conditions(latency=0.6))
        links.grows("delayed", rig.times(20, least=2))
        links.be(GOOD)
        links.recover()
        return links.finish("latency of 1.2 s", links.total("delayed") - before)


def slow_down(rig: Rig) -> Row:
    """Have batches waiting that take many seconds at 2 kB/s: they must not start over for ever."""
    with linked(rig, Proxy, max_batch=100) as links:
        links.be(Conditions(refuses=True))
        waits = rig.times(1000, least=200)
        eventually(lambda: all(rig.accounts()[name].waiting > waits for name in BROKERS))
        links.be(Conditions(rate=2000))
        rig.flows(rig.times(100, least=1))
        links.be(GOOD)
        links.recover()
        return links.finish("2 kB/s", len(BROKERS), "batches of 100, with a backlog")


def resolve(rig: Rig, answer: str, seconds: float, name: str) -> Row:
    """Let the name of the brokers have another answer for a while, and no connection last."""
    asked = rig.directory / "answer"
    asked.write_text("127.0.0.1")
    with linked(rig, Proxy, NAME, {VARIABLE: str(asked)}) as links:
        for _ in range(rig.times(2)):
            asked.write_text(answer)
            before = links.total("accepted")
            for proxy in links.proxies.values():
                proxy.reset()
            rig.let_pass(seconds * max(rig.scale, 0.3))
            assert links.total("accepted") == before, "the name had its right answer"
            asked.write_text("127.0.0.1")
            links.recover()
        return links.finish(name, links.total("broken"))


SWALLOWED = (
    ("half-open", HALF_OPEN, True),
    ("half-open to the broker", Conditions(swallows=frozenset({THERE})), False),
    ("half-open from the broker", Conditions(swallows=frozenset({BACK})), False),
)
ANSWERS = (
    ("dns-fails", "fail", 6.0, "the name does not resolve"),
    ("dns-hangs", "hang", 15.0, "the resolver hangs"),
    ("dns-turns", "127.0.0.9", 6.0, "the name has another address first"),
)
FAULTS: tuple[Fault, ...] = (
    Fault("link", "cut", partial(cut, end=Proxy.cut, name="cut")),
    Fault("link", "reset", partial(cut, end=Proxy.reset, name="reset")),
    Fault("link", "mid-packet", reset_within_packets, short=True),
    Fault("link", "down", away),
    *(
        Fault("link", name.replace(" ", "-"), partial(swallow, conditions=lost, name=name), short)
        for name, lost, short in SWALLOWED
    ),
    Fault("link", "loss", lose_packets),
    Fault("link", "latency", delay),
    Fault("link", "2kB/s", slow_down),
    *(
        Fault("link", kind, partial(resolve, answer=answer, seconds=seconds, name=name))
        for kind, answer, seconds, name in ANSWERS
    ),
)
