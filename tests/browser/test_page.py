"""The page as people have it before them, by a real Chromium."""

from pathlib import Path

import pytest
from lab.waiting import eventually

from tests.browser.axe import violations
from tests.browser.chromium import LAPTOP, PHONE

VIEWS = {"now": "Now", "history": "History", "what-if": "What if", "trust": "Trust"}
READY = {"now": ".card .value", "history": "canvas", "what-if": "canvas", "trust": ".lines p"}


@pytest.fixture
def shown(browser, greenhouse, wait_for):
    """A function: open a view, and wait for its heading."""

    def show(view, url=greenhouse.url):
        browser.open(f"{url}#/{view}")
        wait_for(lambda: browser.has(f"main[data-view={view}] h2"))
        wait_for(lambda: not browser.has("main [aria-busy=true]"))
        wait_for(lambda: browser.has(READY[view]))

    return show


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_from_a_view(shown, browser, view, size, scheme):
    browser.resize(size)
    browser.paint(scheme)
    shown(view)
    assert violations(browser) == []


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_wider_than_a_phone(shown, browser, view):
    browser.resize(PHONE)
    shown(view)
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]


def test_every_view_is_reached_with_the_keyboard_alone(shown, browser, wait_for):
    shown("now")
    browser.press("Tab")
    assert browser.focus == "a Skip to the content"
    for title in list(VIEWS.values())[1:]:
        shown("now")
        press_until(browser, f"a {title}")
        browser.press("Enter")
        wait_for(lambda title=title: browser.texts("nav [aria-current]") == [title])
        wait_for(lambda: browser.run("return document.activeElement.id") == "main")


def press_until(browser, focus, most=40):
    """Press Tab until the focus is where it is wanted."""
    for _ in range(most):
        if browser.focus == focus:
            return
        browser.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {focus!r}")


def test_a_view_that_is_left_while_it_opens_does_not_write_into_the_next_one(
    shown, browser, wait_for
):
    shown("now")
    browser.run(
        "for (const view of ['history', 'trust', 'what-if', 'now']) location.hash = `#/${view}`"
    )
    wait_for(lambda: browser.has(READY["now"]))
    wait_for(lambda: browser.run("return performance.getEntriesByType('resource').length") > 5)
    assert browser.run("return document.querySelectorAll('main > *').length") == 1
    assert "Sinks and the account" in browser.texts("main h2")
    assert not {"History", "What if", "Trust"} & set(browser.texts("main h2"))


def test_the_page_asks_for_nothing_from_elsewhere(shown, browser, greenhouse):
    shown("trust")
    loaded = browser.run("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert [url for url in loaded if not url.startswith(greenhouse.url)] == []
    assert loaded


def test_pages_that_were_left_hold_no_connection(shown, browser, greenhouse):
    """A browser has six connections for a site, and keeps a page for a minute after it was left."""
    for _ in range(3):
        shown("trust")
        browser.open("about:blank")
    eventually(lambda: established(greenhouse.port) == 0, 20)


def established(port):
    """Return how many connections to a port of the loopback are open."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2] == f"0100007F:{port:04X}" and row[3] == "01" for row in rows)


def test_a_page_that_is_gone_back_to_is_live_again(shown, browser, greenhouse, wait_for):
    shown("trust")
    browser.open("about:blank")
    browser.run("history.back()")
    wait_for(lambda: browser.has(".lines p"))
    browser.run("document.querySelector('.lines').replaceChildren()")
    greenhouse.control("fault soil unplug")
    wait_for(lambda: "soil" in browser.text(".lines"))
    greenhouse.control("repair soil")
