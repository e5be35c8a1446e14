from pathlib import Path

import pytest
from lab.broker import Mosquitto

from tests.browser.chromium import LAPTOP, Chromium
from tests.browser.greenhouse import Greenhouse
from tests.browser.proxy import PathProxy

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Give every test in this folder the marker, before those that have it are left out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The one browser of all tests: this machine may be small."""
    one = Chromium(tmp_path_factory.mktemp("chromium"))
    yield one
    one.close()


@pytest.fixture
def browser(chromium):
    """The browser, as on a laptop by day; at the end nothing may have gone wrong in it."""
    chromium.open("about:blank")
    chromium.resize(LAPTOP)
    chromium.paint("light")
    chromium.complaints()
    yield chromium
    assert chromium.complaints() == []
    chromium.open("about:blank")


@pytest.fixture(scope="session")
def greenhouse(tmp_path_factory):
    """The real program on simulated chips, with a page and a broker, for all tests."""
    directory = tmp_path_factory.mktemp("greenhouse")
    broker = Mosquitto(directory).start()
    one = Greenhouse(directory, broker.url)
    try:
        yield one.start()
        one.stop()
    finally:
        broker.stop()


@pytest.fixture
def lonely(tmp_path):
    """A program of its own, which a test may stop; its broker is away."""
    one = Greenhouse(tmp_path, "mqtt://127.0.0.1:1").start()
    yield one
    one.stop()


@pytest.fixture
def guarded(tmp_path):
    """A program whose page needs a password, behind a proxy that serves it under a path."""
    one = Greenhouse(tmp_path, "mqtt://127.0.0.1:1", password="a long password").start()
    proxy = PathProxy("/shed/", one.port)
    yield one, proxy.url
    proxy.close()
    one.stop()
