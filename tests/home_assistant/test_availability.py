"""A real Home Assistant never shows an old value as new, whatever restarts and in which order."""

import signal
from itertools import permutations

import pytest

from tests.home_assistant.node import AIR, HEAD, SHED

AIR_SENSOR = "sensor.shed_air_temperature"
WELL = {"on", "off"}


def of_value(value):
    def accepts(state):
        try:
            return round(float(state)) == value  # as the chip resolves it
        except (TypeError, ValueError):
            return False

    return accepts


@pytest.fixture
def shed(home, node):
    """A node with a switched fan and a temperature of its own, which Home Assistant shows."""
    node.start(*SHED)
    node_shows(home, node, 33)
    home.call("switch.turn_on", "switch.shed_fan")
    home.wait_for("switch.shed_fan", "on")
    return node


def node_shows(home, node, value):
    """Let the air have a temperature, and wait until Home Assistant shows it."""
    home.wait_for(AIR_SENSOR, lambda state: state not in (None, "unknown", "unavailable"))
    node.control(f"set air.temperature {value}")
    home.wait_for(AIR_SENSOR, of_value(value))


def test_a_device_that_fails_is_unavailable_and_comes_back(home, shed):
    shed.control("fault air unplug")
    home.wait_for(AIR_SENSOR, "unavailable")
    assert home.state("switch.shed_fan") == "on"
    shed.control("repair air")
    home.wait_for(AIR_SENSOR, of_value(33))


def test_a_node_that_is_killed_is_unavailable_with_all_its_entities(home, shed):
    shed.process.kill()
    home.wait_for(AIR_SENSOR, "unavailable")
    home.wait_for("switch.shed_fan", "unavailable")
    home.wait_for("binary_sensor.shed_warm", "unavailable")


def test_after_a_restart_the_value_from_before_is_never_shown(home, shed, wait_for):
    """The device answers no more: what Home Assistant had last must not come back."""
    shed.process.kill()
    home.wait_for(AIR_SENSOR, "unavailable")
    scenario = shed.process.config.with_suffix(".scenario.toml")
    scenario.write_text('[[fault]]\ndevice = "air"\nkind = "unplug"\n')
    shed.start()
    seen = set()

    def is_back():
        seen.add(home.state(AIR_SENSOR))
        return home.state("switch.shed_fan") in WELL

    wait_for(is_back)
    assert seen == {"unavailable"}


@pytest.mark.parametrize("order", [*permutations(("home", "broker", "node"))], ids="-".join)
def test_everything_is_right_again_after_restarts_in_any_order(home, broker, shed, order):
    restarts = {
        "home": lambda: (home.kill(), home.start()),
        "broker": lambda: (broker.kill(), broker.start()),
        "node": shed.restart,
    }
    for name in order:
        restarts[name]()
    node_shows(home, shed, 21)
    home.wait_for("switch.shed_fan", "on")
    home.wait_for("binary_sensor.shed_warm", "off")
    home.wait_for("binary_sensor.shed_door", WELL.__contains__)


def test_a_value_of_a_slow_device_is_there_again_after_a_restart_of_home_assistant(home, node):
    node.start(AIR.replace('"1s"', '"1h"'))
    home.wait_for(AIR_SENSOR, lambda state: state not in (None, "unknown", "unavailable"))
    before = home.state(AIR_SENSOR)
    home.kill()
    home.start()
    home.wait_for(AIR_SENSOR, before)


def test_a_value_expires_if_the_node_says_no_more(home, node):
    """The broker would notice only after ten minutes that the node is silent."""
    node.start('[mqtt]\nkeep_alive = "400s"\n', AIR, head=HEAD)
    node_shows(home, node, 33)
    node.process.send(signal.SIGSTOP)
    home.wait_for(AIR_SENSOR, "unavailable")
    node.process.send(signal.SIGCONT)
    home.wait_for(AIR_SENSOR, of_value(33))
