"""Configurations of other agents, and words of their users: `check` names line, key and remedy."""

import os

import pytest

DEVICE = '[[device]]\nname = "air"\ndriver = "bme280"\n'
FAN = '[[output]]\nname = "fan"\n'
RULE = DEVICE + '[[rule]]\nname = "r"\n'
WHEN = RULE + 'when = "{}"\n'
HOT = WHEN.format("air.temperature > 3")
TABLE = "write it as [[device]]"
QUOTES = "write text in quotes"
YAML = "this is YAML"
ALIEN = "it is not a configuration of this agent; `edge-agent init` writes one"
SYNTAX = "not TOML"
TEXTS = [
    # other agents, and other languages
    ('[agent]\ninterval = "10s"\n[[outputs.mqtt]]\nservers = []\n', "1: agent", 'every = "10s"'),
    ('node = "a"\n[[outputs.mqtt]]\nservers = []\n', "2: outputs", "write [[sink]] for a dest"),
    ("[[inputs.cpu]]\npercpu = true\n", "1: inputs", TABLE),
    ("esphome:\n  name: livingroom\nsensor:\n  - platform: bme280\n", "1:8: not TOML", YAML),
    ("# comment\n---\nesphome:\n  name: x\n", "2:4: not TOML", YAML),
    ("homeassistant:\n  customize: !include customize.yaml\n", "1:14: not TOML", YAML),
    ("# broker\nlistener 1883\nallow_anonymous true\n", "2:10: not TOML", "mosquitto; " + ALIEN),
    ('<?xml version="1.0"?>\n<config/>\n', "1:1: not TOML", "this is XML; " + ALIEN),
    ('import os\nnode = "x"\n', "1:8: not TOML", "this is a program; " + ALIEN),
    ("NODE=shed\nMQTT_URL=mqtt://a\n", "1:6: not TOML", QUOTES),
    # the notation
    (DEVICE + "every = 5s\n", "4:10: not TOML", QUOTES),
    (DEVICE + "every =\n", "4:8: not TOML", "write a value"),
    (DEVICE + 'every == "5s"\n', "4:8: not TOML", "write one = between name and value"),
    (DEVICE + 'every: "5s"\n', "4:6: not TOML", "write every = …, with = in place of :"),
    (DEVICE + "address = 0x\n", "4:12: not TOML", "such as 0x76"),
    (FAN + "pin = 07\n", "3:8: not TOML", "without the 0 in front"),
    ('node = "a";\n', "1:11: not TOML", "a line ends without ;"),
    ('// mine\nnode = "a"\n', "1:1: not TOML", "a comment begins with #"),
    ('; mine\nnode = "a"\n', "1:1: not TOML", "a comment begins with #"),
    ('my node = "a"\n', "1:4: not TOML", "a name has no spaces"),
    ('node = "a"  log = "b"\n', "1:13: not TOML", "a key per line"),
    ('node = "a\n[mqtt]\n', "1:10: not TOML", "close the text with the quote"),
    ('[[rule]]\nwhen = """\na.b > 3\n', "3: not TOML", "close the text with the quotes"),
    ("sink = [\n'x'\n", "2: not TOML", "close the list with ]"),
    ('[mqtt\nurl = "mqtt://x"\n', "1:6: not TOML", "close the heading with ]"),
    ("[mqtt]\n[log]\n[mqtt]\n", "3:6: not TOML: Cannot declare mqtt twice", "first on line 1"),
    ('[log]\npath = "C:\\Users\\me\\x.db"\n', "2:13: not TOML", "in single quotes, or / in place"),
    ("[log]\npath = 'C:\\logs\\x.db'\n", "2: log.path", "a path of Windows"),
    # the words
    ('[[devices]]\nname = "a"\n', "1: devices", TABLE),
    ('[[sensor]]\nname = "a"\n', "1: sensor", TABLE),
    ('[device.air]\ndriver = "bme280"\n', "1: device", "write [[device]]"),
    ('[[device]]\nname = "air"\ntype = "bme280"\n', "3: device.air.type", "write driver"),
    (DEVICE + 'interval = "10s"\n', "4: device.air.interval", "write every"),
    (DEVICE.replace("air", "my air"), "2: device.my air.name", "letters, digits, _ and -"),
    (FAN + "gpio = 22\n", "3: output.fan.gpio", "write pin"),
    (FAN + 'pin = "BOARD15"\n', "3: output.fan.pin", "GPIO number (BCM)"),
    (FAN + "pin = 22\n" + FAN + "pin = 23\n", "5: output.fan.name", "used 2 times"),
    (FAN + "pin = 22\n" + FAN.replace("fan", "b") + "pin = 22\n", "6: output.b.pin", "'fan' is"),
    ('output = [\n  { name = "fan", pin = 99 }\n]\n', "2: output.fan.pin", "<= 63"),
    ('[MQTT]\nurl = "mqtt://a"\n', "1: MQTT", "did you mean 'mqtt'?"),
    ("[mqtt]\nretain = true\n", "2: mqtt.retain", "did you mean 'retained'?"),
    ('[mqtt]\nretained = "yes"\n', "2: mqtt.retained", "write true"),
    ("[mqtt]\ntls = true\n", "2: mqtt.tls", 'write url = "mqtts://host"'),
    ("mqtt.url = 'http://a'\n", "1: mqtt.url", "write mqtt:// or mqtts://"),
    # conditions and texts
    (RULE + 'if = "air.temperature > 3"\n', "6: rule.r.if", "write when"),
    (WHEN.format("air.temperature between 3 and 5"), "6:25: rule.r.when", "write 10 <"),
    (WHEN.format("air.temperature is 3"), "6:9: rule.r.when", "write == to compare"),
    (WHEN.format("air.temperature > 30C"), "6:27: rule.r.when", "write °C"),
    (WHEN.format("air.humidity > 60percent"), "6:24: rule.r.when", "write %"),
    (WHEN.format("if air.temperature > 3 then fan"), "6:9: rule.r", "the condition alone"),
    (RULE + 'when = """\n  air.humidity > 3\n  and air.humidty > 5\n"""', "8:7: rule", "humidity"),
    (RULE + 'when = """air.humidity > 3 \\\n  and air.x > 5"""', "7:7: rule.r", "not a channel"),
    (RULE + "when = '''air.humidity > 3\n\n and  1 / 0 > air.humidity'''", "8:7: rule", "zero"),
    (WHEN.format("\\u0061ir.humidity > 3 and \\t mist.x"), "6:38: rule.r", "not a channel"),
    (HOT + 'message = """\nIt is\n{air.temp} hot"""\n', "9:1: rule.r", "{air.temperature}?"),
    (HOT + 'message = "{{air.temperature}}"\n', "7:12: rule.r.message", "braces hold a channel"),
    (HOT + 'set = { lamp = "on" }\n', "7: rule.r.set.lamp", "no [[output]] has the name"),
    (HOT + '[rule.set]\nlamp = "on"\n', "8: rule.r.set.lamp", "no [[output]] has the name"),
    (DEVICE + "channel.temperature.scale = 0\n", "4: device.air.channel.temp", "remove it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "remedy"), TEXTS, ids=range(len(TEXTS)))
def test_a_mistake_has_its_line_its_key_and_its_remedy(edge_agent, config, text, place, remedy):
    done = edge_agent("check", config(text))
    assert done.code == 2
    assert f"/shed.toml:{place}" in done.err
    assert remedy in done.err


def test_problems_come_in_the_order_of_the_file(edge_agent, config):
    text = HOT + 'set = { lamp = "on" }\n[log]\nkeep = "x"\n' + DEVICE.replace("bme280", "x")
    *lines, _ = edge_agent("check", config(text + "[mqtt]\nurl = 'x'")).err.splitlines()
    numbers = [int(line.split(":")[1]) for line in lines]
    assert numbers == sorted(numbers)
    assert len(numbers) > 3


def test_a_key_of_the_command_line_has_no_line(edge_agent, config):
    done = edge_agent("check", config("[mqtt]\nurl = 'mqtt://a'"), "--set", "mqtt.url=b")
    assert done.err.startswith('--set: mqtt.url = "b": there is no scheme; write mqtt://')
    done = edge_agent("check", config(DEVICE + "every = '5s'"), "--set", "device.air.every=soon")
    assert done.err.startswith('--set: device.air.every = "soon": expected a duration')


@pytest.mark.parametrize("every", ["first", "second"])
def test_of_two_entries_with_one_name_the_wrong_one_has_the_line(edge_agent, config, every):
    entries = [DEVICE, DEVICE.replace("bme280", "sht4x")]
    wrong = ["first", "second"].index(every)
    entries[wrong] += "every = 'x'\n"
    done = edge_agent("check", config("".join(entries)))
    assert f"/shed.toml:{4 + 3 * wrong}: device.air.every" in done.err


def test_a_variable_that_is_not_set_has_the_line_of_its_key(edge_agent, config, monkeypatch):
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    text = "[mqtt]\nusername = 'me'\npassword_env = 'NO_SUCH_PASSWORD'"
    assert "/shed.toml:3: mqtt.password_env" in edge_agent("check", config(text)).err


FILES = {
    "UTF-16": ('node = "shed"\n'.encode("utf-16"), "not UTF-8 at byte 0; save it as UTF-8"),
    "UTF-16 without a mark": ('node = "a"\n'.encode("utf-16-le"), ":1:2: not TOML|save the file"),
    "Latin-1": ('node = "k\xfcche"\n'.encode("latin-1"), "not UTF-8 at byte 9; save it as UTF-8"),
    "binary": (b"\x7fELF\x02\x01\x01\0\0\0", "|; save the file as UTF-8 text"),
    "NUL": (b'node = "a\0b"\n', ":1:10: not TOML|there is a NUL character in it"),
    "huge": (b"# " + b"x" * 1_000_000, "more than 1 MB; name a text file"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_text_is_named(edge_agent, tmp_path, kind):
    content, words = FILES[kind]
    (tmp_path / "a.toml").write_bytes(content)
    done = edge_agent("check", tmp_path / "a.toml")
    assert done.code == 2
    assert [one for one in words.split("|") if one not in done.err] == []


def test_what_is_no_file_is_named(edge_agent, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "a named pipe; name a text file" in edge_agent("check", tmp_path / "pipe").err
    assert "Is a directory; name a text file" in edge_agent("check", tmp_path).err
    assert "more than 1 MB; name a text file" in edge_agent("check", "/dev/zero").err
    assert "there is nothing to do" in edge_agent("check", "/dev/null").out
