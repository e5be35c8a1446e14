"""What `check` says of `[home_assistant]`."""

import pytest

from edge_agent.blueprint import resolve
from edge_agent.errors import ConfigError

SHED = """
node = "shed"
[home_assistant]
enabled = true
{}
[[device]]
name = "door"
driver = "contact"
pin = 17
[[device]]
name = "air"
driver = "sht4x"
[[output]]
name = "fan"
pin = 22
[[output]]
name = "lamp"
driver = "led"
pin = 23
[[rule]]
name = "open"
when = "door.active"
"""
GOOD = [
    'classes = { "door.active" = "window", "output.fan" = "outlet", "output.lamp" = "number" }',
    'titles = { "air.humidity" = "Damp", "output.fan" = "Blower", "rule.open" = "It is open" }',
    'hidden = ["air.humidity", "output.fan", "rule.open"]',
    'prefix = "my/discovery"\nform = "entity"\nid = "barn"',
]
BAD = {
    'classes = { "door.activ" = "door" }': 'home_assistant.classes = "door.activ": unknown; did you'
    " mean 'door.active'?",
    'classes = { "door.active" = "dor" }': 'home_assistant.classes."door.active" = "dor": unknown;'
    " did you mean 'door'?",
    'classes = { "output.fan" = "number" }': "unknown; known: light, outlet, switch",
    'classes = { "air.humidity" = "moisture" }': "there is no choice",
    'titles = { "rule.shut" = "x" }': 'home_assistant.titles = "rule.shut": unknown',
    'hidden = ["fan"]': 'home_assistant.hidden = "fan": unknown',
    'prefix = "a/#"': "home_assistant.prefix",
    'form = "both"': "home_assistant.form",
    'id = "a b"': "home_assistant.id",
    '[mqtt]\npublish = "aggregates"': 'home_assistant.enabled = true: mqtt.publish = "aggregates"',
    '[mqtt]\nprofile = "aws-iot"': 'there is none at mqtt.profile = "aws-iot"',
}
TWICE = """
[[device]]
name = "output"
driver = "contact"
pin = 5
[[output]]
name = "active"
pin = 6
"""


@pytest.fixture
def problems(tmp_path):
    """A function: return the problems of a configuration's text, without the file's name."""

    def resolve_text(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        try:
            resolve(path)
        except ConfigError as error:
            return [line.partition(": ")[2] for line in error.problems]
        return []

    return resolve_text


@pytest.mark.parametrize("lines", GOOD)
def test_a_right_table_has_no_problem(problems, lines):
    assert problems(SHED.format(lines)) == []


@pytest.mark.parametrize("lines", BAD)
def test_a_mistake_is_named_with_its_remedy(problems, lines):
    found = problems(SHED.format(lines))
    assert any(BAD[lines] in line for line in found), found


def test_items_with_the_same_id_are_a_problem(problems):
    text = SHED.format("") + TWICE
    settable = text.replace("[home_assistant]", '[commands]\nallow = ["set"]\n[home_assistant]')
    assert problems(settable) == []  # one is a switch
    (line,) = problems(text)
    assert "2 entities would be binary_sensor_output_active; rename a device" in line


def test_switched_off_it_has_no_problem(problems):
    text = SHED.replace("true", "false").format('hidden = ["x"]\n[mqtt]\npublish = "aggregates"')
    assert problems(text) == []
