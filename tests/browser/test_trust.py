"""The view Trust: what became of an event, and how the agent is."""

import pytest


@pytest.fixture
def trust(browser, greenhouse, wait_for):
    """The browser with the view open."""
    browser.open(f"{greenhouse.url}#/trust")
    wait_for(lambda: browser.has(".events button"))
    return browser


def test_an_event_is_followed_to_the_sink_that_took_it(trust, wait_for):
    trust.run("""
        const rows = [...document.querySelectorAll('.events li')];
        rows.find((one) => one.textContent.includes('reading of')).querySelector('button').click();
    """)
    wait_for(lambda: "mqtt: delivered" in " ".join(trust.texts(".steps li")))
    steps = trust.texts(".steps li strong")
    assert steps[:3] == ["measured", "refined", "logged"]
    assert trust.run("return document.querySelectorAll('.steps time').length") >= 2
    assert "event=" in trust.address


def test_an_event_is_followed_by_an_address_that_names_it(trust, greenhouse, wait_for):
    trust.open("about:blank")
    trust.open(f"{greenhouse.url}#/trust?event=1")
    wait_for(lambda: "happened" in trust.texts(".steps li strong"))
    assert ":1 output of fan" in trust.text(".path")


def test_an_id_that_names_nothing_is_explained(trust, wait_for):
    trust.write("#event", "nonsense")
    trust.press("Enter")
    wait_for(lambda: trust.has(".path [role=alert]"))
    assert "an id is <log>:<offset>" in trust.text(".path [role=alert]")
    assert len(trust.complaints()) == 1  # the browser notes the status 400


def test_the_losses_of_each_sink_are_listed(trust):
    assert "mqtt" in trust.texts("tbody th")
    assert "No event is reported missing." in trust.text("main")


def test_the_doctor_examines_the_machine_when_it_is_asked(trust, wait_for):
    trust.click(".trust .card:nth-child(3) button")
    wait_for(lambda: "Nothing wrong:" in trust.text("main"))
    wait_for(lambda: "Examining" not in trust.text("main"))
    assert "configuration" in trust.text("main")


def test_the_configuration_is_shown_with_the_result_of_its_check(trust, wait_for):
    wait_for(lambda: "No problems; it is in force." in trust.text("main"))
    assert "offset = -0.4" in trust.text("pre[aria-label=Configuration]")


def test_lines_of_the_log_are_shown_as_they_come(trust, greenhouse, wait_for):
    wait_for(lambda: "running: 3 devices" in trust.text(".lines"))
    greenhouse.control("fault soil unplug")
    wait_for(lambda: "soil" in trust.text(".lines"))
    greenhouse.control("repair soil")
