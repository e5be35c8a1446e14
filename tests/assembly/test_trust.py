import json
import logging

import msgspec
import pytest
from lab.waiting import eventually

from edge_agent.assembly.configuration_report import configuration_report
from edge_agent.assembly.refinement import refinement
from edge_agent.assembly.trust import Trust
from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock
from edge_agent.config.config import Config
from edge_agent.config.origin import ConfigOrigin
from edge_agent.observe.web.route import Query, Route, Stream

CONFIG = """
node = "shed"
[mqtt]
url = "mqtt://127.0.0.1:1"
[[device]]
name = "air"
driver = "bme280"
[device.channel.temperature]
offset = -0.4
max_step = 2
low = -10
[device.channel.humidity]
dead_band = 1
scale = 1.05
[device.channel.atmospheric_pressure]
polynomial = [1, 2]
median = 5
"""
SECRET = "hunter2-and-more"


@pytest.fixture
def origin(tmp_path):
    file = tmp_path / "agent.toml"
    file.write_text(CONFIG)
    return ConfigOrigin(file)


def report(origin, running=None):
    found = configuration_report(origin, running or resolve(*origin).config, ManualClock())
    return json.loads(msgspec.json.encode(found))


def test_a_configuration_without_problems_is_shown_as_it_is(origin):
    found = report(origin)
    assert (found["problems"], found["changed"]) == ([], False)
    assert found["tables"]["device"][0]["channel"]["temperature"]["offset"] == -0.4


def test_a_file_that_says_something_else_than_what_runs_is_changed(origin):
    assert report(origin, Config())["changed"]


def test_the_keys_of_the_command_line_are_named_and_their_values_are_in_the_tables(origin):
    found = report(origin._replace(overrides=("device.air.every=5s",)))
    assert found["set"] == ["device.air.every"]
    assert found["tables"]["device"][0]["every"] == "5s"


def test_every_problem_is_listed(origin):
    origin.file.write_text(CONFIG.replace("bme280", "bme999") + "\n[loog]\n")
    found = report(origin, Config())
    assert len(found["problems"]) == 2
    assert not found["changed"]


def test_a_file_that_is_no_toml_has_a_problem_and_no_tables(origin):
    origin.file.write_text("node = ")
    found = report(origin, Config())
    assert found["tables"] == {}
    assert "not TOML" in found["problems"][0]


@pytest.mark.parametrize(
    "text",
    [
        f'[[sink]]\nname = "far"\nurl = "amqp://edge:{SECRET}@far/"\n',
        f'[[sink]]\nname = "far"\nurl = "https://far/"\npassword = "{SECRET}"\n',
        f'[[notify]]\nname = "me"\nurl_file = "{SECRET}"\n',
        f'[mqtt]\nurl = "mqtts://edge:{SECRET}@far"\n',
        f'[web]\npasword = "{SECRET}"\n',
        f'[mqtt]\npassword_file = "{SECRET}"\n',
    ],
)
def test_no_secret_is_shown_wherever_it_was_written(origin, text):
    origin.file.write_text(text)
    found = json.dumps(report(origin, Config()))
    assert SECRET not in found
    assert "***" in found


def test_a_secret_of_the_command_line_is_not_shown(origin):
    origin = origin._replace(overrides=(f"mqtt.url=mqtt://edge:{SECRET}@far",))
    assert SECRET not in json.dumps(report(origin, Config()))


def test_the_refinement_of_a_device_is_said_in_words(origin):
    found = refinement(resolve(*origin), "air")
    assert "temperature: corrected by -0.4, refused outside -10 to 85 °C," in found[0]
    assert "refused if it changes by more than 2 °C a second" in found[0]
    assert "multiplied by 1.05" in " ".join(found)
    assert "logged if it changed by 1 %" in " ".join(found)
    assert "the median of the last 5, corrected by the polynomial 1, 2" in " ".join(found)


def test_a_device_that_is_not_configured_has_no_refinement(origin):
    assert refinement(resolve(*origin), "gone") == []


@pytest.fixture
def trust(origin, tmp_path):
    blueprint = resolve(*origin)
    trust = Trust(origin, tmp_path / "events.db", lambda: blueprint, ManualClock())
    trust.start()
    yield trust
    trust.stop()


def offer(trust, kind, method, path):
    """Return what the view offers."""
    return next(
        one
        for one in trust.view.routes()
        if isinstance(one, kind) and one.path == path and getattr(one, "method", "") == method
    )


def test_lines_of_the_log_are_taken_from_the_start_to_the_stop(trust):
    lines = offer(trust, Stream, "", "api/lines")
    logging.getLogger("of this test").warning("while it runs")
    assert [one.text for one in lines.fresh()] == ["while it runs"]
    trust.stop()
    logging.getLogger("of this test").warning("after it")
    assert lines.fresh() == []


def test_the_doctor_examines_this_machine(trust):
    lines = offer(trust, Stream, "", "api/lines")
    answer = offer(trust, Route, "GET", "api/doctor").answer
    offer(trust, Route, "POST", "api/doctor").answer(Query())

    def ended():
        lines.fresh()
        report = answer(Query()).value
        return report.began is not None and not report.running

    eventually(ended)
    report = answer(Query()).value
    assert report.error == ""
    assert report.themes[0].theme == "configuration"
    found = {one.id for theme in report.themes for one in theme.findings}
    assert "broker-refused" in found


def test_the_configuration_is_answered(trust, origin):
    answer = offer(trust, Route, "GET", "api/config").answer(Query())
    assert answer.value.file == str(origin.file)
