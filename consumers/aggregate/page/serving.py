"""`--web`: the page of a fleet, in threads of its own that read the store."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from consumers.aggregate.page.history import FleetHistory
from consumers.aggregate.page.nodes import NodesView
from consumers.query.opened import OpenedStore
from edge_agent.config.listen import ListenAddress
from edge_agent.observe.web.build import PageAccess, page_server
from edge_agent.observe.web.history.view import HistoryView
from edge_agent.threads import Worker

END_SECONDS = 2.0  # a thread that waits for the store ends with the process
ABOUT = {"node": "fleet", "views": {"nodes": "Nodes", "history": "History"}}

_logger = logging.getLogger(__name__)


@contextmanager
def page_served(
    address: ListenAddress, password: str, opened: Callable[[], OpenedStore]
) -> Iterator[None]:
    """Serve the page until the end of the block; `opened` opens the store for one answer."""
    views = NodesView(opened, time.time), HistoryView(FleetHistory(opened))
    server = page_server(
        PageAccess(address, password),
        views,
        about=ABOUT | {"version": version("edge-agent")},
        monotonic=time.monotonic,
        died=_failed,
    )
    worker = Worker("web", server.run, server.stop, _failed)
    worker.start()
    try:
        yield
    finally:
        worker.finish(time.monotonic() + END_SECONDS)


def _failed(name: str) -> None:
    _logger.error("%s: ended by an error; the page is away until the next start", name)
