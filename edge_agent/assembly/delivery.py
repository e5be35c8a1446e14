"""From the log to the destinations: for each one a sink, and a forwarder on its own thread."""

import random
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, TypeAlias

from edge_agent.blueprint.sinks import Plan, ResolvedSink
from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.forwarder import Forwarder, ForwarderNews, LogAccess
from edge_agent.deliver.sink import About, LiveSink, Post, Sink, SinkContext, Withdraw
from edge_agent.deliver.sink_state import NoticeWriter
from edge_agent.events import CursorMove, Request, SavedState, Subscription
from edge_agent.figures import Figure
from edge_agent.store.check import Unreadable
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder_items import Subscriptions
from edge_agent.threads import Worker

ToRecorder: TypeAlias = Callable[[CursorMove | Subscriptions | Unreadable | list[SavedState]], None]


class Surroundings(NamedTuple):
    """What delivery shares with the rest of the agent."""

    node: str
    log_id: str
    log_path: Path
    record: ToRecorder
    requested: Callable[[Request], None]
    died: Callable[[str], None]
    alive: Callable[[str], None]
    notice: Callable[[str, str], None]
    report: Callable[[Figure], None]
    clock: Clock


class ForwarderInbox:
    """What reaches a forwarder from other threads: news, and the request to stop."""

    def __init__(self) -> None:
        self.news: SimpleQueue[ForwarderNews] = SimpleQueue()
        self.stopping = threading.Event()

    def stop(self) -> None:
        """Ask the forwarder to end, and its sink to stop waiting."""
        self.stopping.set()
        self.news.put(None)


class RunningSink(NamedTuple):
    """A sink with its forwarder."""

    plan: Plan
    sink: Sink
    inbox: ForwarderInbox
    worker: Worker


class SinkChange(NamedTuple):
    """What a reload brings: all sinks from now on, the new ones, and those that stop."""

    sinks: dict[str, RunningSink]
    fresh: tuple[RunningSink, ...]
    stopped: tuple[RunningSink, ...]


class Delivery:
    """Owns the sinks and the forwarders' threads."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._sinks: dict[str, RunningSink] = {}

    @property
    def posts(self) -> tuple[Callable[[Post], None], ...]:
        """Return the functions that take live state, in any thread."""
        return posts_of(self._sinks.values())

    @property
    def offsets(self) -> tuple[Callable[[int], None], ...]:
        """Return the functions that take the log's last offset, in any thread."""
        return tuple(one.inbox.news.put for one in self._sinks.values())

    def prepare(self, sinks: Iterable[ResolvedSink], about: About) -> SinkChange:
        """Build what is new or differs, and touch nothing that runs; raise AgentError."""
        wanted = {one.plan.name: one for one in sinks}
        kept = {
            name: one
            for name, one in self._sinks.items()
            if name in wanted and wanted[name].plan == one.plan
        }
        fresh = {name: self._build(one, about) for name, one in wanted.items() if name not in kept}
        stopped = tuple(one for name, one in self._sinks.items() if name not in kept)
        together = kept | fresh
        ordered = {name: together[name] for name in wanted}
        return SinkChange(ordered, tuple(fresh.values()), stopped)

    def commit(self, change: SinkChange, deadline: float) -> None:
        """Stop the sinks that are replaced or removed; register all others with the account."""
        kept = tuple(one.plan for one in change.sinks.values())
        for one in change.stopped:
            if isinstance(one.sink, LiveSink):
                one.sink.post(Withdraw(kept))
        _stop(change.stopped, deadline)
        self._sinks = change.sinks
        self._around.record(
            Subscriptions(
                tuple(
                    Subscription(name, one.plan.kinds, one.plan.start)
                    for name, one in self._sinks.items()
                )
            )
        )

    def start(self, sinks: Iterable[RunningSink], last: int) -> None:
        """Let sinks deliver the events up to `last`, the log's last offset, and later ones."""
        for one in sinks:
            one.inbox.news.put(last)
            one.worker.start()

    def stop(self, deadline: float) -> None:
        """Deliver what is left, for a moment only, and end."""
        _stop(self._sinks.values(), deadline)

    def _build(self, resolved: ResolvedSink, about: About) -> RunningSink:
        plan, inbox = resolved.plan, ForwarderInbox()
        alive = partial(self._alive, inbox)
        known = about if plan.live else about.without_discovery()
        sink = resolved.type.build(plan, self._context(plan.name, known, inbox, alive))
        forwarder = Forwarder(
            sink,
            plan.kinds,
            inbox.news,
            log=self._log_access(),
            clock=self._around.clock,
            backoff=Backoff(random.random),
            catch_up=plan.options.most_per_second,
            progress=partial(alive, plan.name),
            report=self._around.report,
        )
        worker = Worker(f"sink {plan.name}", forwarder.run, inbox.stop, self._around.died)
        return RunningSink(plan, sink, inbox, worker)

    def _context(
        self, name: str, about: About, inbox: ForwarderInbox, alive: Callable[[str], None]
    ) -> SinkContext:
        around = self._around
        return SinkContext(
            around.node,
            around.log_id,
            about,
            alive=alive,
            died=around.died,
            retry=partial(inbox.news.put, "retry"),
            stopping=inbox.stopping.is_set,
            requested=around.requested,
            notice=partial(self._notice, name, NoticeWriter(name, self._save)),
            trusted=around.clock.machine_is_set,
            uptime=lambda: around.clock.now().uptime,
        )

    def _alive(self, inbox: ForwarderInbox, thread: str) -> None:
        if not inbox.stopping.is_set():  # a thread that ends is not waited for
            self._around.alive(f"sink {thread}")

    def _notice(self, name: str, writer: NoticeWriter, text: str) -> None:
        self._around.notice(name, text)
        writer.put(text)

    def _save(self, state: SavedState) -> None:
        self._around.record([state])

    def _log_access(self) -> LogAccess:
        return LogAccess(
            partial(LogReader, self._around.log_path, self._around.log_id),
            self._around.record,
            lambda error, inode: self._around.record(Unreadable(error, inode)),
            self._save,
        )


def posts_of(sinks: Iterable[RunningSink]) -> tuple[Callable[[Post], None], ...]:
    """Return what takes posts, in any thread: live state, or only what the agent says of itself."""
    return tuple(
        one.sink.post if one.plan.live else partial(_post_about, one.sink)
        for one in sinks
        if isinstance(one.sink, LiveSink)
    )


def _post_about(sink: LiveSink, post: Post) -> None:
    if isinstance(post, About):
        sink.post(post.without_discovery())


def _stop(sinks: Iterable[RunningSink], deadline: float) -> None:
    stopped = list(sinks)
    for one in stopped:
        one.worker.request_stop()
    for one in stopped:
        one.worker.join(deadline)
