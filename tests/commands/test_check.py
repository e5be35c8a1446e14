import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MISTAKES = """
node = "green house"
[mqtt]
url = "http://broker"
usrname = "me"
username = "me"
password_file = "/nonexistent/password"
certificate = "client.pem"
[log]
max_size = "10kB"
[[device]]
name = "air"
driver = "sht4"
[[device]]
name = "outside"
driver = "sht4x"
address = 0x10
precison = "high"
[[device]]
name = "attic"
driver = "sht4x"
every = "1ms"
[device.channel.temprature]
offset = 1
[[device]]
name = "cellar"
driver = "sht4x"
[[device]]
name = "water"
driver = "ds18b20"
id = "water"
pin = 4
[[device]]
name = "fan_switch"
driver = "relay"
pin = 5
[[device]]
name = "door"
driver = "contact"
pin = 17
pull = "sideways"
[[output]]
name = "fan"
driver = "relay"
pin = 17
[[output]]
name = "lamp"
driver = "sht4x"
pin = 6
[[rule]]
name = "hot"
when = "attic.temperatur > 30"
set = { fann = "on" }
[[rule]]
name = "wet"
when = "attic.humidity > 120"
"""
EXPECTED = [
    ('node = "green house"', "letters, digits, _ and -"),
    ('mqtt.url = "http://broker"', "write mqtt:// or mqtts://"),
    ('mqtt.usrname = "me"', "did you mean 'username'?"),
    ('mqtt.password_file = "/nonexistent/password"', "give a readable text file"),
    ('log.max_size = "10kB"', "at least 1MB"),
    ('device.air.driver = "sht4"', "did you mean 'sht4x'?"),
    ("device.outside.address = 0x10", "not an address of sht4x; choose from 0x44, 0x45, 0x46"),
    ('device.outside.precison = "high"', "did you mean 'precision'?"),
    ('device.attic.every = "1ms"', '"50ms"'),
    ("device.attic.channel.temprature", "did you mean 'temperature'?"),
    ('device.cellar.address = "i2c-1:0x44"', "'attic' is connected there already"),
    ('device.water.id = "water"', '"28-0316a4c8ffee"'),
    ("device.water.pin = 4", "a device on w1 has no pin"),
    ('device.fan_switch.driver = "relay"', "write it as [[output]]"),
    ('device.door.pull = "sideways"', '"up", "down", "none"'),
    ('output.lamp.driver = "sht4x"', "write it as [[device]]"),
    ('rule.hot.when = "attic.temperatur > 30"', "did you mean 'attic.temperature'?"),
    ('rule.hot.set.fann = "on"', "did you mean 'fan'?"),
    ('rule.wet.when = "attic.humidity > 120"', "always false"),
]


@pytest.fixture
def problems(edge_agent, config):
    done = edge_agent("check", config(MISTAKES), "--json")
    assert done.code == 2
    return json.loads(done.out)["problems"]


@pytest.mark.parametrize(("key", "remedy"), EXPECTED, ids=[key for key, _ in EXPECTED])
def test_every_mistake_is_one_line_with_file_key_value_and_remedy(problems, tmp_path, key, remedy):
    (line,) = [line for line in problems if f": {key}" in line]
    place, said = re.fullmatch(rf"{tmp_path}/shed.toml:(\d+)[:\d]*: (.*)", line).groups()
    assert said.startswith(key)
    assert remedy in said
    name = re.split("[ .=]+", key.partition(" = ")[0])[-1]
    written = MISTAKES.splitlines()[int(place) - 1]
    assert name in written or written == "[[device]]"  # the address is that of the driver


def test_all_mistakes_come_at_once_and_none_twice(problems):
    assert len(set(problems)) == len(problems) == len(EXPECTED)


def test_problems_go_to_standard_error_and_the_exit_code_is_2(edge_agent, config):
    done = edge_agent("check", config('node = "a b"\ncolour = 1\n'))
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == "2 problems"


def test_a_valid_configuration_is_summed_up(edge_agent, config):
    done = edge_agent("check", config())
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("shed.toml: 3 devices, 1 output, 1 rule: no problems\n")


@pytest.mark.parametrize("name", ["everything", "greenhouse"])
def test_the_examples_pass(edge_agent, name):
    assert edge_agent("check", ROOT / f"examples/{name}.toml").code == 0


def test_the_sink_in_the_comment_of_the_greenhouse_passes(edge_agent, config):
    text = (ROOT / "examples/greenhouse.toml").read_text(encoding="utf-8")
    begin = text.index("# [[sink]]")
    end = text.index("\n\n", begin)
    sink = text[begin:end].replace("# ", "")
    done = edge_agent("check", config(text[:begin] + sink + text[end:]), "--json")
    assert (done.code, "[[sink]]\n" in sink) == (0, True)


def test_a_missing_file_says_where_to_start(edge_agent):
    done = edge_agent("check", "/nonexistent.toml")
    assert done.code == 2
    assert (
        "no such file; `edge-agent init` writes one, or start from examples/greenhouse.toml"
        in done.err
    )


def test_two_devices_on_one_pin_are_reported(edge_agent, config):
    twice = '[[device]]\nname = "{}"\ndriver = "contact"\npin = 17\n'
    done = edge_agent("check", config(twice.format("a") + twice.format("b")))
    assert "device.b.pin = 17: 'a' is connected there already" in done.err


def test_names_must_differ(edge_agent, config):
    twice = '[[device]]\nname = "a"\ndriver = "contact"\npin = {}\n'
    done = edge_agent("check", config(twice.format(1) + twice.format(2)))
    assert 'device.a.name = "a": used 2 times' in done.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("low = 5\nhigh = 1", "not below high = 1; swap them"),
        ("polynomial = [1, 2]\nscale = 2", "replaces scale and offset"),
    ],
)
def test_contradicting_channel_settings_are_reported(edge_agent, config, text, words):
    device = '[[device]]\nname = "a"\ndriver = "sht4x"\n[device.channel.temperature]\n'
    assert words in edge_agent("check", config(device + text)).err


@pytest.mark.parametrize(
    "entry",
    [
        '[[device]]\nname = "a"\ndriver = "sht"\n',
        '[[device]]\nname = "a"\ndriver = 3\n',
        '[[device]]\nname = "a"\n',
    ],
)
def test_a_broken_device_is_reported_once_and_not_again_by_its_rules(edge_agent, config, entry):
    rule = '[[rule]]\nname = "r"\nwhen = "a.temperature > 1"\n'
    done = edge_agent("check", config(entry + rule))
    assert done.err.count("shed.toml:") == 1


@pytest.mark.parametrize("keys", ["pin = 70", "", 'pin = 5\ndriver = "rely"'])
def test_a_broken_output_is_reported_once_and_not_again_by_its_rules(edge_agent, config, keys):
    output = f'[[output]]\nname = "fan"\n{keys}\n'
    device = '[[device]]\nname = "a"\ndriver = "sht4x"\n'
    rule = '[[rule]]\nname = "r"\nwhen = "a.temperature > 1"\nset = { fan = "on" }\n'
    done = edge_agent("check", config(output + device + rule))
    assert done.err.count("shed.toml:") == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[commands]\nallow = ['fly']", 'commands.allow = ["fly"]'),
        ("[mqtt]\nmax_batch = true", "mqtt.max_batch = true"),
        ('node = "a\\nb"', r'node = "a\nb"'),
    ],
)
def test_a_value_is_shown_as_toml_writes_it(edge_agent, config, text, shown):
    assert f": {shown}: " in edge_agent("check", config(text)).err


def test_where_a_relative_path_of_the_log_leads_is_said(edge_agent, config, tmp_path):
    done = edge_agent("check", config('[log]\npath = "events.db"'))
    assert done.code == 0
    assert f"the event log is {tmp_path}/events.db" in done.out
