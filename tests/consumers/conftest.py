import subprocess
import sys

import pytest
from lab.agent import AgentProcess

from tests.configurations import load
from tests.consumers.publisher import Publisher

TIMES = "2027-01-15T08:00:00.{:06d}Z"


def make_event(offset, log="a1b2c3", node="greenhouse", kind="reading", **changes):
    data = {"values": {"temperature": offset / 10}, "quality": "good"}
    return {
        "id": f"{log}:{offset}",
        "source": f"urn:edge:{node}",
        "type": f"edge.{kind}.v1",
        "subject": "air",
        "time": TIMES.format(offset % 1_000_000),
        "sequence": f"{offset:016d}",
        "data": data,
        "specversion": "1.0",
        "datacontenttype": "application/json",
        **changes,
    }


def make_gap(offset, ranges, count=None, log="", reason="max_size", **changes):
    lost = sum(last - first + 1 for first, last in ranges) if count is None else count
    data = {"reason": reason, "count": lost, "ranges": ranges}
    data |= {"log": log} if log else {}
    return make_event(offset, kind="gap", **{"data": data, "subject": "log", **changes})


@pytest.fixture(scope="session")
def event():
    """A function: a decoded event, as an agent delivers it."""
    return make_event


@pytest.fixture(scope="session")
def gap():
    """A function: a gap event that names ranges."""
    return make_gap


@pytest.fixture
def publisher():
    """A function: a publisher at a broker."""
    made = []

    def make(broker):
        made.append(Publisher(broker.url))
        return made[-1]

    yield make
    for each in made:
        each.close()


LOAD = load(2)  # 120 events a second


@pytest.fixture
def agent(tmp_path):
    """A function: start an agent that delivers to a URL; `more` are lines of its configuration."""
    processes = []

    def start(url, more=""):
        processes.append(AgentProcess(tmp_path, url, LOAD + more))
        return processes[-1].start()

    yield start
    for each in processes:
        if each.is_running():
            each.kill()


@pytest.fixture
def command():
    """A function: run `edge-consumer`; return the finished process."""

    def run(*arguments):
        words = [sys.executable, "-m", "consumers", *map(str, arguments)]
        return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)

    return run
