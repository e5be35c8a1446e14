"""A page on its thread."""

import pytest

from edge_agent.config.listen import ListenAddress
from edge_agent.observe.web.build import PageAccess, page_server
from edge_agent.threads import Worker
from tests.page_client import PageClient, reachable


class ServedPage(PageClient):
    """A page at a port of the loopback; `now` is the time of its limits, in s."""

    def __init__(self, port, views=(), password="", tls=None):
        super().__init__(port)
        self.now = 100.0
        self.died = []
        access = PageAccess(ListenAddress("127.0.0.1", port), password, tls)
        self.server = page_server(
            access,
            views,
            about={"node": "shed"},
            monotonic=lambda: self.now,
            died=self.died.append,
        )
        self.worker = Worker("web", self.server.run, self.server.stop, self.died.append)


@pytest.fixture
def serve(port, wait_for):
    """A function: serve a page with some views; the end of the test stops it."""
    pages = []

    def start(*views, **more):
        page = ServedPage(port, views, **more)
        pages.append(page)
        page.worker.start()
        wait_for(lambda: reachable(port))
        return page

    yield start
    for each in pages:
        each.worker.request_stop()
        each.worker.wait()
