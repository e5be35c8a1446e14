"""The real agent and a real web server, both killed at random moments."""

import random
import threading

import pytest
from lab.event_server import EventServer, read_by_the_sdk

from tests.configurations import load

SINK = """
[mqtt]
url = "mqtt://127.0.0.1:9"  # nothing listens there
[[sink]]
name = "web"
url = "{url}"
max_batch = {max_batch}
from = "beginning"
"""


@pytest.fixture
def server(tmp_path):
    server = EventServer(tmp_path).start()
    yield server
    server.resume()
    server.kill()


def let_pass(seconds):
    """Let the running processes work for a while: their clock cannot be moved."""
    threading.Event().wait(seconds)


def arrived(server):
    """Return the bodies by offset, in the order of their first arrival; none has two contents."""
    found = {}
    for request in server.taken():
        for event in read_by_the_sdk(request):
            offset = int(event.get_id().split(":")[1])
            assert found.setdefault(offset, event.get_data()) == event.get_data()
    return found


@pytest.mark.parametrize("max_batch", [1, 50])
def test_kills_of_agent_and_server_lose_no_event(server, agent, wait_for, max_batch):
    moments = random.Random(max_batch)
    one = agent("", load(2) + SINK.format(url=server.url, max_batch=max_batch))
    for n in range(6):
        before = len(server.requests())
        one.start()
        wait_for(lambda before=before: len(server.requests()) > before)
        let_pass(moments.uniform(0, 0.5))
        if n % 2:
            server.kill()
            let_pass(0.2)
        one.kill()
        assert set(range(1, one.cursor("web") + 1)) <= arrived(server).keys(), (
            "confirmed, not stored"
        )
        if n % 2:
            server.start()
    starts = one.starts() + 1
    one.start()
    wait_for(lambda: one.starts() == starts and one.cursor("web") > 100)
    assert one.stop() == 0
    found = arrived(server)
    confirmed = one.cursor("web")
    assert list(found) == sorted(found), "order"
    assert set(range(1, confirmed + 1)) <= found.keys()
