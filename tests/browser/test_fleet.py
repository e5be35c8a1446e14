"""The page over a fleet: `edge-consumer aggregate --web`."""

import subprocess
import sys
from contextlib import contextmanager

import pytest
from lab.broker import Mosquitto, free_port

from tests.browser.axe import violations
from tests.browser.chromium import PHONE
from tests.browser.greenhouse import Greenhouse, answers

CHOOSE = """
[...document.querySelectorAll('label')].find((one) => one.innerText === arguments[0]).click();
"""


@contextmanager
def aggregator(broker, directory):
    """Yield the URL of the page of an aggregator."""
    address = f"127.0.0.1:{free_port()}"
    words = ["aggregate", broker, "--state", str(directory), "--web", address]
    process = subprocess.Popen([sys.executable, "-m", "consumers", *words])
    try:
        yield f"http://{address}/"
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """The page over two real nodes."""
    directory = tmp_path_factory.mktemp("fleet")
    broker = Mosquitto(directory).start()
    nodes = []
    try:
        for name in ("greenhouse", "shed"):
            (directory / name).mkdir()
            nodes.append(Greenhouse(directory / name, broker.url, name=name).start())
        with aggregator(broker.url, directory / "state") as url:
            yield url
    finally:
        for each in nodes:
            each.stop()
        broker.stop()


@pytest.fixture
def nodes(browser, fleet, wait_for):
    """The browser with the list of nodes open."""
    wait_for(lambda: answers(fleet))
    browser.open(f"{fleet}#/nodes")
    wait_for(lambda: browser.texts(".nodes h3") == ["greenhouse", "shed"])
    return browser


def test_the_nodes_are_listed_with_their_age(nodes):
    assert nodes.texts("nav a") == ["Nodes", "History"]
    assert nodes.text("main [role=status]") == "2 nodes"
    assert all("heard" in text for text in nodes.texts(".nodes .good"))
    assert violations(nodes) == []


def test_the_list_fits_a_phone_in_the_dark(nodes):
    nodes.resize(PHONE)
    nodes.paint("dark")
    assert violations(nodes) == []
    assert nodes.run("return document.documentElement.scrollWidth") <= PHONE[0]


def test_the_history_of_a_channel_of_any_node_is_drawn(nodes, wait_for):
    nodes.click(".nodes .card a")
    wait_for(lambda: nodes.has("canvas"))
    nodes.run(CHOOSE, "shed/air.temperature")
    wait_for(lambda: "shed/air.temperature:" in nodes.text("main"))
    assert violations(nodes) == []
