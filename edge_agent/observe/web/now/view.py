"""What the view Now answers; others put what is new into its inbox."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from edge_agent.clock import Clock
from edge_agent.events import Answer, Request
from edge_agent.observe.web.now.commands import PageCommands
from edge_agent.observe.web.now.snapshot import (
    AccountReport,
    NowItem,
    Snapshot,
    after,
    as_json,
    everything,
)
from edge_agent.observe.web.route import Deferred, Json, Offer, Query, Route, Stream

HELD = 10_000  # items in the inbox: the web thread empties it several times a second


class NowView:
    """Shows what is true; `read_account` reads the log, `send` gives a command to the engine."""

    def __init__(
        self,
        clock: Clock,
        read_account: Callable[[], Mapping[str, Any]],
        send: Callable[[Request], None],
    ) -> None:
        self._clock = clock
        self._read_account = read_account
        self._inbox: SimpleQueue[NowItem | Answer] = SimpleQueue()
        self._commands = PageCommands(send)
        self._snapshot = Snapshot()  # the web thread alone sets it, whole

    def put(self, item: NowItem | Answer) -> None:
        """Take what is new, from any thread, without waiting; beyond `HELD` it is not shown."""
        if self._inbox.qsize() < HELD:
            self._inbox.put(item)

    def routes(self) -> Iterator[Offer]:
        """Yield what is offered."""
        yield Route("GET", "api/now", self._now)
        yield Stream("api/live", self._first, self._fresh, self._refresh)
        yield Deferred("api/command", self._commands.begin)

    def _now(self, _query: Query) -> Json:
        account = AccountReport(self._read_account())
        whole = self._snapshot._replace(account=account)
        return Json(as_json(whole, everything(whole), self._clock.now()))

    def _first(self) -> Sequence[Any]:
        snapshot = self._snapshot
        return [as_json(snapshot, everything(snapshot), self._clock.now())]

    def _fresh(self) -> Sequence[Any]:
        self._snapshot, changed = after(self._snapshot, self._arrived())
        return [as_json(self._snapshot, changed, self._clock.now())] if changed else []

    def _refresh(self) -> None:
        self.put(AccountReport(self._read_account()))

    def _arrived(self) -> Iterator[NowItem]:
        with suppress(Empty):
            for _ in range(self._inbox.qsize()):
                item = self._inbox.get_nowait()
                if isinstance(item, Answer):
                    self._commands.take(item)
                else:
                    yield item
