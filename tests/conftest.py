from pathlib import Path

import pytest
from hypothesis import settings
from lab.broker import Mosquitto, Subscriber, free_port
from lab.waiting import eventually

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


@pytest.fixture
def mosquitto(tmp_path):
    brokers = []

    def make(extra=""):
        brokers.append(Mosquitto(tmp_path, extra))
        return brokers[-1]

    yield make
    for each in brokers:
        each.stop()


@pytest.fixture
def broker(mosquitto):
    return mosquitto().start()


@pytest.fixture
def wait_for():
    return eventually


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def subscriber():
    """A function: subscribe to a broker and return the growing list of (topic, payload, retain)."""
    subscribers = []

    def subscribe(port, topic="#", client_id=""):
        subscribers.append(Subscriber(port, topic, client_id))
        return subscribers[-1].received

    yield subscribe
    for each in subscribers:
        each.close()


@pytest.fixture(scope="session")
def root():
    return Path(__file__).parent.parent
