"""What `check` says of `[home_assistant]`."""

import pytest

from edge_agent.blueprint import resolve
from edge_agent.blueprint.discovered import discovered_node
from edge_agent.blueprint.statistics import imported_channels
from edge_agent.deliver.packages import Package

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


@pytest.mark.parametrize("lines", GOOD)
def test_a_right_table_has_no_problem(problems, lines):
    assert problems(SHED.format(lines)) == []


@pytest.mark.parametrize("lines", BAD)
def test_a_mistake_is_named_with_its_remedy(problems, lines):
    found = problems(SHED.format(lines))
    assert any(BAD[lines] in line for line in found), found


IMPORTED = 'url = "{url}"\ntoken_file = "{token}"'
WRONG_IMPORT = {
    'url = "http://ha:8123"': 'home_assistant.url = "http://ha:8123": it needs a token as well',
    'token_file = "/t"': 'home_assistant.token_file = "/t": unused; set url',
    'ca = "/ca.pem"': 'home_assistant.ca = "/ca.pem": unused; set url',
    'url = "ha:8123"\ntoken_file = "TOKEN"': "home_assistant.url: write http://homeassistant.local",
    'url = "http://a:b@ha"\ntoken_file = "TOKEN"': "credentials do not belong in the URL",
    'url = "http://ha/?a=1"\ntoken_file = "TOKEN"': "nothing may follow ? or #",
    'url = "http://ha:0"\ntoken_file = "TOKEN"': "the port must be a number from 1",
    'url = "http://ha"\ntoken_file = "/missing/token"': "token_file = /missing/token: No such file",
    'url = "http://ha"\ntoken_file = "TOKEN"\nca = "/ca.pem"': "unused; write https:// in url",
}


@pytest.fixture
def token(tmp_path):
    """A file with a token that only we can read."""
    path = tmp_path / "token"
    path.write_text("abc\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("url", ["http://ha.local:8123", "https://example.org/ha/", "http://[::1]"])
def test_an_import_with_a_url_and_a_token_has_no_problem(problems, token, url):
    assert problems(SHED.format(IMPORTED.format(url=url, token=token))) == []


@pytest.mark.parametrize("lines", WRONG_IMPORT)
def test_a_mistake_about_the_import_is_named_with_its_remedy(problems, token, lines):
    (line,) = problems(SHED.format(lines.replace("TOKEN", str(token))))
    assert WRONG_IMPORT[lines] in line


def test_a_token_that_is_none_is_a_problem(problems, token):
    token.write_text("größer")
    (line,) = problems(SHED.format(IMPORTED.format(url="http://ha", token=token)))
    assert line.endswith(
        "this is no token; write a long-lived access token into it, as Home Assistant shows it"
    )


def test_a_token_that_every_user_can_read_is_a_problem(problems, token):
    token.chmod(0o644)
    (line,) = problems(SHED.format(IMPORTED.format(url="http://ha", token=token)))
    assert "home_assistant.token_file: every user of this machine can read it" in line


def test_without_the_package_of_the_import_its_extra_is_named(problems, token, monkeypatch):
    monkeypatch.setattr(Package, "installed", property(lambda _: False))
    (line,) = problems(SHED.format(IMPORTED.format(url="http://ha", token=token)))
    assert "wsproto is not installed: pip install 'edge-agent[home-assistant]'" in line


def test_what_is_imported_are_the_channels_that_have_statistics(tmp_path, token):
    path = tmp_path / "config.toml"
    path.write_text(SHED.format(IMPORTED.format(url="http://ha", token=token)))
    found = resolve(path)
    node = discovered_node(found.config, found.devices, found.outputs)
    assert [(str(one), one.unit, one.unique_id) for one in imported_channels(node)] == [
        ("air.temperature", "°C", "edge_shed_air_temperature"),
        ("air.humidity", "%", "edge_shed_air_humidity"),
    ]


def test_items_with_the_same_id_are_a_problem(problems):
    text = SHED.format("") + TWICE
    settable = text.replace("[home_assistant]", '[commands]\nallow = ["set"]\n[home_assistant]')
    assert problems(settable) == []  # one is a switch
    (line,) = problems(text)
    assert "2 entities would be binary_sensor_output_active; rename a device" in line


def test_switched_off_it_has_no_problem(problems):
    text = SHED.replace("true", "false").format('hidden = ["x"]\n[mqtt]\npublish = "aggregates"')
    assert problems(text) == []
