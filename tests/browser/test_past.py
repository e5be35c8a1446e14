"""History and What if, by a real Chromium: what is drawn is what was measured."""

import pytest

from tests.browser.chromium import LAPTOP

PLOT = """
const box = document.querySelector('.u-over').getBoundingClientRect();
return [box.left, box.top, box.width, box.height].map(Math.round);
"""
HOUR = 3_600_000  # ms


@pytest.fixture
def shown(browser, greenhouse, wait_for):
    """A function: open a view of the last hour, and wait until it is drawn."""

    def show(view, **chosen):
        browser.resize(LAPTOP)
        given = "&".join(f"{key}={value}" for key, value in {"span": HOUR, **chosen}.items())
        browser.open("about:blank")
        browser.open(f"{greenhouse.url}#/{view}?{given}")
        wait_for(lambda: browser.has(".u-over") and not browser.has("[aria-busy]"))

    return show


def test_a_channel_is_drawn_and_said_in_words(shown, browser):
    shown("history", channel="air.temperature")
    assert browser.text(".key").startswith("air.temperature: 2")
    assert browser.texts("figcaption") == ["air.temperature in °C"]


def test_each_unit_has_a_chart(shown, browser):
    shown("history", channel="air.temperature,air.humidity,air.atmospheric_pressure")
    assert len(browser.texts("figcaption")) == 3


def test_a_part_that_is_dragged_over_is_shown_alone(shown, browser, wait_for):
    shown("history", channel="air.temperature")
    left, top, width, height = browser.run(PLOT)
    y = top + height // 2
    browser.drag((left + width // 2, y), (left + width * 3 // 4, y))
    wait_for(lambda: "until=" in browser.address)
    span = int(browser.address.split("span=")[1].split("&")[0])
    assert 0.2 * HOUR < span < 0.3 * HOUR


def test_a_finger_moves_a_chart(shown, browser, wait_for):
    shown("history", channel="air.temperature")
    left, top, width, height = browser.run(PLOT)
    y = top + height // 2
    browser.drag((left + width // 4, y), (left + width * 3 // 4, y), "touch")
    wait_for(lambda: "until=" in browser.address)
    assert f"span={HOUR}" in browser.address


def test_the_keys_move_a_chart_and_zoom(shown, browser, wait_for):
    shown("history", channel="air.temperature")
    browser.run("document.querySelector('.chart').focus()")
    browser.press("+")
    wait_for(lambda: f"span={HOUR // 2}" in browser.address)
    browser.press("Left")
    wait_for(lambda: "until=" in browser.address)


def test_the_values_of_a_chart_are_in_a_table(shown, browser):
    shown("history", channel="air.temperature")
    browser.click(".below summary")
    head, *rows = browser.texts(".below details[open] tr")
    assert head.split("\t") == ["From", "air.temperature"]
    assert len(rows) == 48
    assert any("°C" in row for row in rows)


def test_the_links_give_what_is_chosen(shown, browser):
    shown("history", channel="air.temperature")
    text = browser.run(
        "return fetch(document.querySelector('.below a').href).then((it) => it.text())"
    )
    header, first, *_ = text.splitlines()
    assert header == "time,channel,value,min,max,seconds"
    assert ",air.temperature,2" in first


def test_a_threshold_that_is_dragged_shows_its_alarms_and_the_rule(shown, browser, wait_for):
    shown("what-if", channel="air.temperature", threshold=60)
    assert browser.text(".chart + p") == "No alarm."
    left, top, width, height = browser.run(PLOT)
    middle = left + width // 2
    browser.drag((middle, top + height // 3), (middle, top + height - 2))
    wait_for(lambda: browser.text(".chart + p").startswith("1 alarm"))
    threshold = browser.run("return document.querySelector('#if-threshold').value")
    assert float(threshold) < 21.4
    assert f'when = "air.temperature > {threshold}"' in browser.text(".rule pre")
    assert "still firing at the end" in browser.text(".scroll table")


def test_a_threshold_that_the_configuration_would_refuse_is_refused_with_its_reason(
    shown, browser, wait_for
):
    shown("what-if", channel="air.temperature", threshold=30)
    browser.write("#if-threshold", "400")
    browser.press("Tab")
    wait_for(lambda: "is always false" in browser.text(".chart + p"))
    (complaint,) = browser.complaints()
    assert "400" in complaint
