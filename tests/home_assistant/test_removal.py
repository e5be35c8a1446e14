"""What is removed from a configuration vanishes from a real Home Assistant."""

import pytest

from tests.home_assistant.node import AIR, DOOR, FAN, HEAD, SHED, WARM

GONE = ("switch.shed_fan", "binary_sensor.shed_warm", "binary_sensor.shed_door")
ENTITY = HEAD.replace("enabled = true", 'enabled = true\nform = "entity"')


@pytest.fixture(params=["device", "entity"])
def head(request):
    """The head of a configuration, in each form of discovery."""
    form = request.param
    return HEAD.replace("enabled = true", f'enabled = true\nform = "{form}"')


def has_value(state):
    return state not in (None, "unknown", "unavailable")


def all_gone(home):
    return not set(GONE) & home.states().keys()


def test_a_reload_removes_what_is_gone_and_leaves_the_rest(home, node, head, wait_for):
    node.start(AIR, DOOR, FAN, WARM, head=head)
    wait_for(lambda: set(GONE) <= home.states().keys())
    node.reload(AIR, head=head)
    wait_for(lambda: all_gone(home))
    home.wait_for("sensor.shed_air_temperature", has_value)


def test_a_restart_removes_what_is_gone(home, node, head, wait_for):
    node.start(AIR, DOOR, FAN, WARM, head=head)
    wait_for(lambda: set(GONE) <= home.states().keys())
    node.process.kill()
    node.start(AIR, head=head)
    wait_for(lambda: all_gone(home))


def test_what_is_added_again_is_there_again(home, node, head, wait_for):
    node.start(AIR, FAN, WARM, head=head)
    again = {"switch.shed_fan", "binary_sensor.shed_warm"}
    wait_for(lambda: again <= home.states().keys())
    node.reload(AIR, head=head)
    wait_for(lambda: not again & home.states().keys())
    node.reload(AIR, FAN, WARM, head=head)
    home.wait_for("switch.shed_fan", "off")
    home.wait_for("binary_sensor.shed_warm", "off")


def test_switched_off_nothing_of_the_node_is_left(home, node, head, wait_for):
    node.start(AIR, FAN, head=head)
    home.wait_for("switch.shed_fan", "off")
    node.reload(AIR, FAN, head=head.replace("enabled = true", "enabled = false"))
    wait_for(lambda: not [name for name in home.states() if ".shed_" in name])


def test_the_other_form_replaces_the_entities(home, node, wait_for):
    node.start(*SHED)
    home.wait_for("switch.shed_fan", "off")
    node.reload(*SHED, head=ENTITY)
    wait_for(lambda: node.components() == {})
    home.wait_for("switch.shed_fan", "off")
    home.wait_for("sensor.shed_air_temperature", has_value)
    node.reload(*SHED)
    wait_for(node.components)
    home.wait_for("switch.shed_fan", "off")
    home.wait_for("sensor.shed_air_temperature", has_value)


def test_a_renamed_node_goes_on_with_the_entities_of_its_id(home, node, wait_for):
    node.start(*SHED)
    home.wait_for("switch.shed_fan", "off")
    node.process.stop()
    renamed = HEAD.replace('"shed"', '"barn"')
    renamed = renamed.replace("enabled = true", 'enabled = true\nid = "shed"')
    node.start(*SHED, head=renamed)
    wait_for(lambda: home.state("switch.shed_fan") == "off")
    home.call("switch.turn_on", "switch.shed_fan")
    home.wait_for("switch.shed_fan", "on")
