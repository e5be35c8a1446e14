"""What Home Assistant discovers of an agent, and how it vanishes again."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from edge_agent.assembly.announcement import show_inactive
from edge_agent.assembly.discovery import NAME, DiscoveryMemory
from edge_agent.assembly.topics import shown_as
from edge_agent.blueprint import resolve
from edge_agent.clock import Moment
from edge_agent.events import Alert
from edge_agent.live.fan_out import LatestFanOut

EXAMPLES = Path(__file__).parents[2] / "examples"
GOLDEN = Path(__file__).parent / "golden"
DEVICE = "homeassistant/device/greenhouse/config"
EVERYTHING = "homeassistant/device/workbench/config"
ON = "home_assistant.enabled=true"


def blueprint(*overrides, example="greenhouse"):
    return resolve(EXAMPLES / f"{example}.toml", (ON, *overrides))


@pytest.fixture
def shorter(tmp_path):
    """A function: the example without its rules, and without the heater."""

    def resolve_shorter(*overrides):
        text = (EXAMPLES / "greenhouse.toml").read_text(encoding="utf-8")
        text = text.partition("[[rule]]")[0].partition('[[output]]\nname = "heater"')[0]
        path = tmp_path / "greenhouse.toml"
        path.write_text(text)
        return resolve(path, (ON, *overrides))

    return resolve_shorter


def learnt(*blueprints):
    """Return a memory that has seen blueprints, restarted after each."""
    memory = DiscoveryMemory({})
    for one in blueprints:
        memory = DiscoveryMemory({state.name: state.data for state in memory.learn(one)})
    return memory


def components(messages, topic=DEVICE):
    return json.loads(messages[topic])["components"]


@pytest.mark.parametrize("form", ["device", "entity"])
def test_the_messages_of_the_greenhouse_are_these(form):
    found = DiscoveryMemory({}).messages(blueprint(f"home_assistant.form={form}"))
    messages = {topic: json.loads(payload) for topic, payload in found.items()}
    golden = (GOLDEN / f"discovery-{form}.json").read_text(encoding="utf-8")
    assert messages == json.loads(golden.replace("<version>", version("edge-agent")))


def test_every_entity_has_an_id_of_its_own():
    found = components(DiscoveryMemory({}).messages(blueprint(example="everything")), EVERYTHING)
    ids = [(one["platform"], one["unique_id"]) for one in found.values()]
    assert len(ids) > 100
    assert len(set(ids)) == len(ids)


def test_whoever_does_not_switch_it_on_publishes_and_remembers_nothing():
    off = resolve(EXAMPLES / "greenhouse.toml")
    memory = DiscoveryMemory({})
    assert memory.messages(off) == {}
    assert list(memory.learn(off)) == []


def test_an_entity_that_is_gone_is_named_by_its_platform_alone(shorter):
    messages = learnt(blueprint()).messages(shorter())
    assert components(messages)["switch_output_heater"] == {"platform": "switch"}
    assert components(messages)["binary_sensor_alert_frost"] == {"platform": "binary_sensor"}
    assert components(messages)["switch_output_fan"]["name"] == "Fan"


def test_what_is_gone_stays_so_after_further_restarts(shorter):
    messages = learnt(blueprint(), shorter(), shorter()).messages(shorter())
    assert components(messages)["switch_output_heater"] == {"platform": "switch"}


def test_an_entity_that_comes_back_is_whole(shorter):
    messages = learnt(blueprint(), shorter()).messages(blueprint())
    assert components(messages)["switch_output_heater"]["name"] == "Heater"


def test_in_the_form_entity_the_topics_of_what_is_gone_are_emptied(shorter):
    form = "home_assistant.form=entity"
    messages = learnt(blueprint(form)).messages(shorter(form))
    assert messages["homeassistant/switch/greenhouse/output_heater/config"] == b""
    assert messages["homeassistant/switch/greenhouse/output_fan/config"] != b""


def test_switched_off_all_topics_are_emptied():
    off = resolve(EXAMPLES / "greenhouse.toml")
    assert learnt(blueprint()).messages(off) == {DEVICE: b""}


@pytest.mark.parametrize(
    "change", ["home_assistant.form=entity", "home_assistant.prefix=ha", "node=glasshouse"]
)
def test_the_old_topic_is_emptied_first_if_the_topics_change(change):
    messages = learnt(blueprint()).messages(blueprint(change))
    assert next(iter(messages)) == DEVICE
    assert messages[DEVICE] == b""
    assert len(messages) > 1


def test_a_renamed_node_keeps_its_entities_if_the_old_name_is_its_id():
    before = learnt(blueprint())
    messages = before.messages(blueprint("node=glasshouse", "home_assistant.id=greenhouse"))
    assert list(messages) == [DEVICE]
    old = components(DiscoveryMemory({}).messages(blueprint()))
    new = components(messages)
    ids = {key: one["unique_id"] for key, one in old.items()}
    assert ids == {key: one["unique_id"] for key, one in new.items()}
    assert new["switch_output_fan"]["command_topic"] == "edge/glasshouse/command/set"


@pytest.mark.parametrize("saved", [b"?", b"[]", b'{"a b": {}}', b'{"a": {"b": "+"}}'])
def test_a_memory_that_cannot_be_read_is_ignored(saved, caplog):
    assert list(DiscoveryMemory({NAME: saved}).messages(blueprint())) == [DEVICE]
    assert "cannot be read" in caplog.text


def test_only_commands_that_are_allowed_have_entities():
    found = components(DiscoveryMemory({}).messages(blueprint("commands.allow=[]")))
    assert {one["platform"] for one in found.values()} == {"sensor", "binary_sensor"}
    assert not [key for key, one in found.items() if "command_topic" in one]
    assert "binary_sensor_output_fan" in found


def test_titles_classes_and_hidden_items_are_as_configured():
    settings = (
        'home_assistant.titles={"air.temperature" = "Inside"}',
        'home_assistant.classes={"door.active" = "door", "output.fan" = "light"}',
        'home_assistant.hidden=["soil.a1", "rule.frost"]',
    )
    found = components(DiscoveryMemory({}).messages(blueprint(*settings)))
    assert found["sensor_air_temperature"]["name"] == "Inside"
    assert found["binary_sensor_door_active"]["device_class"] == "door"
    assert "light_output_fan" in found
    assert "switch_output_fan" not in found
    assert not {"sensor_soil_a1", "binary_sensor_alert_frost"} & found.keys()


def test_a_rule_that_has_raised_no_alert_is_inactive():
    shown, moment = [], Moment(0, 0, trusted=True)
    news = LatestFanOut(shown_as)
    news.put(Alert("frost", "firing", moment, "critical", {}))
    news.listeners = (shown.append,)
    show_inactive(news, blueprint(), moment)
    states = {one.rule: one.state for one in shown}
    assert states["too_warm"] == "inactive"
    assert "frost" not in states


def test_a_rule_that_is_removed_and_added_again_is_inactive(shorter):
    shown, moment = [], Moment(0, 0, trusted=True)
    news = LatestFanOut(shown_as)
    news.put(Alert("frost", "resolved", moment, "critical", {}))
    show_inactive(news, shorter(), moment)
    news.listeners = (shown.append,)
    show_inactive(news, blueprint(), moment)
    assert ("frost", "inactive") in {(one.rule, one.state) for one in shown}
