import signal
import threading
from pathlib import Path

import pytest
from hypothesis import settings
from lab.broker import Mosquitto, Subscriber, free_port
from lab.waiting import eventually

# What a shell starts in its background ignores SIGINT, and our processes would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")
DEADLINE = 60.0  # s, for a thread that has been asked to end
# A worker takes a file as a whole: one that begins late leaves the others without work at the end.
LONGEST = (
    "tests/simulators/test_day.py",
    "tests/commands/test_every_file.py",
    "tests/simulation/",
    "tests/doctor/test_garbage.py",
    "tests/fuzz/",
    "tests/store/test_kill.py",
    "tests/survey/",
    "tests/commands/",
    "tests/blueprint/test_wrong_values.py",
    "tests/torture/",
    "tests/end_to_end/",
    "tests/consumers/",
    "tests/test_import_cost.py",
)
LIBRARIES = ("ThreadPoolExecutor-",)  # Apprise keeps its pool as long as the process lasts


def pytest_addoption(parser):
    text = "write the report of the folder of tests that runs in docs/proof.md"
    parser.addoption("--report", action="store_true", help=text)


def pytest_collection_modifyitems(items):
    """Let the longest files begin first."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(autouse=True)
def no_thread_left():
    """Fail a test whose threads do not end with it: they would run on beside the next ones.

    Fixtures of a wider scope are made before this one, so their threads may stay.
    """
    before = set(threading.enumerate())
    yield
    started = [thread for thread in threading.enumerate() if thread not in before]
    ours = [thread for thread in started if not thread.name.startswith(LIBRARIES)]
    for thread in ours:
        thread.join(DEADLINE)
    assert [thread.name for thread in ours if thread.is_alive()] == [], "threads run on"


@pytest.fixture
def mosquitto(tmp_path):
    """A function: make a broker, not yet started; `extra` are lines of its configuration."""
    brokers = []

    def make(extra=""):
        brokers.append(Mosquitto(tmp_path, extra))
        return brokers[-1]

    yield make
    for each in brokers:
        each.stop()


@pytest.fixture
def broker(mosquitto):
    """A running broker that accepts every client."""
    return mosquitto().start()


@pytest.fixture
def wait_for():
    """A function: wait until a condition is true; five minutes without it fail the test."""
    return eventually


@pytest.fixture
def port():
    """A port of the loopback on which nothing listens."""
    return free_port()


@pytest.fixture
def subscriber():
    """A function: subscribe to a broker; return the growing list of (topic, payload, retain)."""
    subscribers = []

    def subscribe(port, topic="#", client_id=""):
        subscribers.append(Subscriber(port, topic, client_id))
        return subscribers[-1].received

    yield subscribe
    for each in subscribers:
        each.close()


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return Path(__file__).parent.parent
