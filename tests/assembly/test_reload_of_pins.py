"""Pins that one reload releases and a later one claims again, by every kind of device on pins."""

import gc
import json

import pytest

from edge_agent.events import GOOD, Reading

DEVICE = """
[[device]]
name = "it"
driver = "{}"
pin = 17
every = "50ms"
{}
"""
OUTPUT = """
[[output]]
name = "it"
driver = "{}"
pin = 17
"""
SENSORS = {
    "contact": DEVICE.format("contact", ""),
    "pulse": DEVICE.format("pulse", 'kind = "count"\nper_pulse = 1'),
    "rotary": DEVICE.format("rotary", "b = 27"),
    "hcsr04": DEVICE.format("hcsr04", "echo = 27").replace("50ms", "500ms"),
}
OUTPUTS = {name: OUTPUT.format(name) for name in ("relay", "led", "pwm", "servo", "buzzer")}


@pytest.fixture(autouse=True)
def no_collection():
    """A pin is released by its removal, not by chance."""
    gc.disable()
    yield
    gc.enable()


def reload(running, wait_for, text):
    count = len(running.notes())
    running.reload(text)
    wait_for(lambda: len(running.notes()) > count)
    assert running.notes()[-1] == "reloaded"


def qualities(running):
    return {one.quality for one in running.seen if isinstance(one, Reading) and one.device == "it"}


def gives_values(running, wait_for):
    running.seen.clear()
    wait_for(lambda: qualities(running))
    return qualities(running) == {GOOD}


def shown(running, output):
    found = running.events("output")
    return [json.loads(event.data) for event in found if event.source == output]


@pytest.mark.parametrize("kind", SENSORS)
def test_a_device_on_pins_that_was_removed_measures_when_it_is_added_again(running, wait_for, kind):
    for _ in range(2):
        reload(running, wait_for, SENSORS[kind])
        assert gives_values(running, wait_for)
        reload(running, wait_for, "")


@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_output_on_a_pin_that_was_removed_is_added_again(running, wait_for, kind):
    for _ in range(2):
        reload(running, wait_for, OUTPUTS[kind])
        reload(running, wait_for, "")


def test_a_device_that_stays_keeps_its_pin_while_another_goes(running, wait_for):
    other = SENSORS["contact"].replace('"it"', '"other"').replace("17", "18")
    reload(running, wait_for, SENSORS["contact"] + other)
    pin = running.hardware.pins().pin(17)
    reload(running, wait_for, SENSORS["contact"])
    assert running.hardware.pins().pin(17) is pin
    assert gives_values(running, wait_for)
    reload(running, wait_for, SENSORS["contact"] + other)


def test_an_output_takes_the_pin_that_a_contact_leaves_in_the_same_reload(running, wait_for):
    reload(running, wait_for, SENSORS["contact"])
    reload(running, wait_for, OUTPUTS["relay"].replace('"it"', '"lamp"'))
    wait_for(lambda: shown(running, "lamp"))
    assert "error" not in shown(running, "lamp")[-1]
