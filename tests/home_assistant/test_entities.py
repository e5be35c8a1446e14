"""What a real Home Assistant shows of a node, and what it can do with it."""

import pytest

from tests.home_assistant.node import AIR, FAN, HEAD, SHED


@pytest.fixture
def shed(home, node, wait_for):
    """A node whose entities Home Assistant has all discovered."""
    node.start(*SHED)
    wait_for(lambda: is_number(home.state("sensor.shed_air_temperature")))
    wait_for(lambda: len(entities(home)) == len(node.components()))
    return node


def entities(home):
    return {name: one for name, one in home.states().items() if ".shed_" in name}


def is_number(state):
    try:
        float(state)
    except (TypeError, ValueError):
        return False
    return True


def test_every_entity_has_the_name_class_and_unit_that_it_was_given(home, shed):
    found = {one["attributes"]["friendly_name"]: one for one in entities(home).values()}
    for given in shed.components().values():
        shown = found[f"Shed {given['name']}"]
        assert shown["entity_id"].startswith(f"{given['platform']}.")
        for option in ("device_class", "unit_of_measurement", "state_class"):
            assert shown["attributes"].get(option) == given.get(option), given["name"]


def test_with_a_message_for_each_entity_all_are_as_with_one_message(home, shed, wait_for):
    before = {name: described(one) for name, one in entities(home).items()}
    shed.reload(*SHED, head=HEAD.replace("enabled = true", 'enabled = true\nform = "entity"'))
    wait_for(lambda: shed.components() == {})
    wait_for(lambda: {name: described(one) for name, one in entities(home).items()} == before)
    home.wait_for("switch.shed_fan", "off")
    home.call("switch.turn_on", "switch.shed_fan")
    wait_for(lambda: shed.latest("output/fan")["value"] == 1.0)


def described(entity):
    """Return what does not change with the state of an entity."""
    options = ("friendly_name", "device_class", "unit_of_measurement", "state_class")
    return {one: entity["attributes"].get(one) for one in options}


def test_every_entity_has_its_state(home, shed, wait_for):
    """A button has none before it is pressed, nor has a delivery in the first minute."""

    def without_state():
        return {
            name
            for name, one in entities(home).items()
            if one["state"] in ("unknown", "unavailable")
        }

    def delivered_or_pressed(name):
        return name.startswith("button.") or name == "sensor.shed_last_delivery_mqtt"

    wait_for(lambda: all(map(delivered_or_pressed, without_state())))


def test_a_sensor_shows_what_the_node_publishes(home, shed, wait_for):
    shed.control("set air.temperature 31.5")
    wait_for(lambda: round(float(home.state("sensor.shed_air_temperature")), 1) == 31.5)
    assert round(shed.latest("state/air")["temperature"], 1) == 31.5


@pytest.mark.parametrize("name", ["door", "porch"])
def test_a_contact_follows(home, shed, name):
    home.wait_for(f"binary_sensor.shed_{name}", lambda state: state in ("on", "off"))
    before = home.state(f"binary_sensor.shed_{name}")
    shed.control(f"set {name}.active {int(before == 'off')}")
    home.wait_for(f"binary_sensor.shed_{name}", "on" if before == "off" else "off")


def test_a_switch_moves_the_relay_and_shows_it(home, shed, wait_for):
    home.call("switch.turn_on", "switch.shed_fan")
    home.wait_for("switch.shed_fan", "on")
    assert shed.latest("output/fan") | {"since": ""} == {"value": 1.0, "by": "command", "since": ""}
    home.call("switch.turn_off", "switch.shed_fan")
    home.wait_for("switch.shed_fan", "off")
    wait_for(lambda: shed.latest("output/fan")["value"] == 0.0)


def test_a_button_leaves_an_output_to_the_rules_again(home, shed, wait_for):
    home.call("switch.turn_on", "switch.shed_fan")
    home.wait_for("switch.shed_fan", "on")
    home.call("button.press", "button.shed_fan_automatic")
    home.wait_for("switch.shed_fan", "off")
    assert shed.latest("output/fan")["by"] == "safe"


def test_a_light_is_dimmed_and_shows_how_bright_it_is(home, shed, wait_for):
    home.call("light.turn_on", "light.shed_lamp", brightness=64)
    home.wait_for("light.shed_lamp", "on")
    assert shed.latest("output/lamp")["value"] == pytest.approx(64 / 255, abs=0.001)
    assert home.states()["light.shed_lamp"]["attributes"]["brightness"] == 64
    home.call("light.turn_on", "light.shed_lamp")
    wait_for(lambda: shed.latest("output/lamp")["value"] == 1.0)
    home.call("light.turn_off", "light.shed_lamp")
    home.wait_for("light.shed_lamp", "off")


def test_a_number_sets_a_servo(home, shed):
    home.call("number.set_value", "number.shed_vent", value=30)
    home.wait_for("number.shed_vent", lambda state: float(state) == 30)
    assert shed.latest("output/vent")["value"] == 0.3


def test_an_alert_is_a_problem_until_it_is_over_and_can_be_acknowledged(home, shed, wait_for):
    home.wait_for("binary_sensor.shed_warm", "off")
    shed.control("set air.temperature 70")
    home.wait_for("binary_sensor.shed_warm", "on")
    attributes = home.states()["binary_sensor.shed_warm"]["attributes"]
    assert (attributes["message"], attributes["severity"]) == ("it is warm", "warning")
    home.call("button.press", "button.shed_acknowledge_warm")
    shown = lambda: home.states()["binary_sensor.shed_warm"]["attributes"]  # noqa: E731
    wait_for(lambda: shown().get("acknowledged"))
    shed.control("set air.temperature 20")
    home.wait_for("binary_sensor.shed_warm", "off")


def test_a_button_reads_a_device(home, node, wait_for):
    node.start(AIR.replace('"1s"', '"1h"'), FAN)
    home.wait_for("sensor.shed_air_temperature", is_number)
    node.control("set air.temperature 44")
    home.call("button.press", "button.shed_read_air")
    home.wait_for("sensor.shed_air_temperature", lambda state: round(float(state)) == 44)


def test_without_commands_nothing_can_be_commanded(home, node, wait_for):
    node.start(AIR, FAN, head=HEAD.replace('"set", "read", "acknowledge"', ""))
    home.wait_for("binary_sensor.shed_fan", "off")
    platforms = {name.partition(".")[0] for name in entities(home)}
    assert platforms == {"binary_sensor", "sensor"}


def test_what_it_reads_of_us_has_no_complaint(home, shed, wait_for):
    wait_for(lambda: home.state("sensor.shed_version"))
    assert home.complaints() == []
