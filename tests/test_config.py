import re
from pathlib import Path

import pytest

from edge_agent.config.reader import load
from edge_agent.errors import ConfigError
from edge_agent.problems import NoLocations, Problems
from edge_agent.units import Duration, Size

MISTAKES = """
node = "green house"
colour = "red"
[mqtt]
usrname = "x"
keep_alive = "soon"
max_batch = 0
[log]
max_size = "1 XB"
[[device]]
name = "air"
driver = "bme280"
every = -1
address = 300
[device.channel.temperature]
ofset = 1
[[device]]
driver = "sht4x"
[[rule]]
name = "hot"
when = 3
severity = "bad"
"""


def without_line(problem):
    return re.sub(r"(\.toml)[:\d]+: ", r"\1: ", problem, count=1)


def write(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def problems(tmp_path, text, overrides=()):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), overrides)
    return caught.value.problems


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("node", '"green house"', "letters, digits, _ and -"),
        (
            "colour",
            '"red"',
            "known: aggregates, commands, device, home_assistant, log, metrics, mqtt, node",
        ),
        ("mqtt.usrname", '"x"', "did you mean 'username'?"),
        ("mqtt.keep_alive", '"soon"', '"10s"'),
        ("mqtt.max_batch", "0", "1 (one topic each) to 1000"),
        ("log.max_size", '"1 XB"', '"256MB"'),
        ("device.air.every", "-1", '"50ms"'),
        ("device.air.address", "0x12c", "0x03 to 0x77"),
        ("device.air.channel.temperature.ofset", "1", "did you mean 'offset'?"),
        ("rule.hot.when", "3", "air.temperature > 30"),
        ("rule.hot.severity", '"bad"', '"info", "warning" or "critical"'),
    ],
)
def test_every_mistake_is_named_with_key_value_and_remedy(tmp_path, key, value, remedy):
    (line,) = [p for p in problems(tmp_path, MISTAKES) if f": {key} = " in p]
    assert without_line(line).startswith(f"{tmp_path}/config.toml: {key} = {value}: ")
    assert remedy in line


def test_all_mistakes_are_reported_at_once(tmp_path):
    found = problems(tmp_path, MISTAKES)
    assert len(found) == 12
    assert f"{tmp_path}/config.toml:17: device.2.name: missing; wanted: letters" in "\n".join(found)


NUL = """
[log]
path = "/x\\u0000y"
[mqtt]
password_env = "S3CRET\\u0000"
[[device]]
name = "a"
driver = "iio"
device = "s\\u0000"
[[sink]]
name = "f"
url = ["file:///a\\u0000b"]
"""


def test_a_nul_character_is_refused_wherever_it_is_and_no_value_is_shown(tmp_path):
    keys = ["device.a.device", "log.path", "mqtt.password_env", "sink.f.url"]
    what = "there is a NUL character in it; remove it"
    file = f"{tmp_path}/config.toml: "
    found = [without_line(one).removeprefix(file) for one in problems(tmp_path, NUL)]
    assert sorted(found) == [f"{key}: {what}" for key in keys]


@pytest.mark.parametrize(
    ("number", "what"),
    [
        ("9" * 5000, "a number has thousands of digits"),
        ("0x" + "f" * 5000, "log.keep: TOML has no whole number of more than 64 bits"),
        (str(2**63), "log.keep: TOML has no whole number of more than 64 bits"),
    ],
)
def test_a_number_that_toml_does_not_have_is_refused(tmp_path, number, what):
    (found,) = problems(tmp_path, f"[log]\nkeep = {number}")
    assert what in found


def test_a_huge_number_is_one_problem_although_it_is_out_of_range_too(tmp_path):
    device = f'[[device]]\nname = "a"\ndriver = "sht4x"\naddress = {hex(2**80)}'
    (found,) = problems(tmp_path, device)
    assert "device.a.address: TOML has no whole number" in found


@pytest.mark.parametrize("key", ["username", "client_id"])
def test_a_control_character_in_what_a_broker_reads_is_refused(tmp_path, key):
    (found,) = problems(tmp_path, f'[mqtt]\n{key} = "a\\u0001b"')
    assert "has a character that it cannot have" in found


def test_an_override_with_a_huge_number_is_refused(tmp_path):
    huge = "0x" + "f" * 5000
    assert "log.keep: TOML has no" in problems(tmp_path, "", [f"log.keep={huge}"])[0]
    assert "log.keep" in problems(tmp_path, "", [f"log.keep={'9' * 5000}"])[0]


def test_an_override_with_a_nul_character_is_refused(tmp_path):
    assert "log.path: there is a NUL" in problems(tmp_path, "", ['log.path="/a\\u0000"'])[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("node = ", "config.toml:1: not TOML: Invalid value;"),
        ("[mqtt]\nurl = 'a'\nurl = b\n", "config.toml:3:7: not TOML:"),
    ],
)
def test_broken_toml_names_the_place(tmp_path, text, words):
    assert words in problems(tmp_path, text)[0]


def test_a_missing_file_names_an_example_to_start_from(tmp_path):
    with pytest.raises(ConfigError, match=r"or start from examples/greenhouse\.toml"):
        load(tmp_path / "none.toml")


def test_a_file_that_is_not_text_is_a_clear_error(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"node = '\xff'")
    with pytest.raises(ConfigError, match="not UTF-8 at byte 8"):
        load(path)


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("10s", 10), ("5m", 300), ("2 h", 7200), (1.5, 1.5)]
)
def test_durations_have_units(text, seconds):
    assert Duration.parse(text) == seconds


@pytest.mark.parametrize("text", ["-1s", "soon", "10 parsecs", "", True, "1s2"])
def test_anything_else_is_refused_as_a_duration(text):
    with pytest.raises(ValueError, match="expected a duration"):
        Duration.parse(text)


def test_sizes_have_decimal_units():
    assert [Size.parse(text) for text in ("1kB", "256MB", "1.5GB")] == [
        1000,
        256 * 10**6,
        15 * 10**8,
    ]


DEVICES = '[mqtt]\n[[device]]\nname = "air"\ndriver = "bme280"\nstandby = 5\n'


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("mqtt.url=mqtt://h:1884", lambda c: c.mqtt.url == "mqtt://h:1884"),
        ("node=shed", lambda c: c.node == "shed"),
        ("log.path=/tmp/x.db", lambda c: c.log.path == "/tmp/x.db"),
        ("mqtt.retained=false", lambda c: c.mqtt.retained is False),
        ("device.air.every=5s", lambda c: c.device[0].every == 5),
        (
            "device.air.channel.temperature.offset=-1.5",
            lambda c: c.device[0].channel["temperature"].offset == -1.5,
        ),
    ],
)
def test_any_key_can_be_overridden(tmp_path, override, found):
    assert found(load(write(tmp_path, DEVICES), [override]))


def test_an_override_of_a_missing_key_shows_how_to_write_one(tmp_path):
    assert "write it as --set" in problems(tmp_path, DEVICES, ["device.none.every=5s"])[0]


def test_keys_that_are_not_the_agents_are_kept_for_the_driver(tmp_path):
    assert load(write(tmp_path, DEVICES)).device[0].options == {"standby": 5}


def test_a_table_of_the_wrong_shape_shows_how_to_write_it(tmp_path):
    found = problems(tmp_path, 'mqtt = 5\ndevice = "air"')
    assert "write [mqtt]" in found[0]
    assert "write [[device]]" in found[1]


@pytest.mark.parametrize(
    ("channel", "remedy"),
    [
        ("channel = 5", "expected tables: write [device.channel.<name>]"),
        ("channel.temperature = 5", "expected a table: write [device.channel.temperature]"),
    ],
)
def test_a_table_below_a_list_is_written_without_the_name_of_its_entry(tmp_path, channel, remedy):
    (line,) = problems(tmp_path, f'[[device]]\nname = "air"\ndriver = "sht4x"\n{channel}')
    assert f"device.air.{channel}: {remedy}" in line


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('mqtt.keep_alive = "4s"', 'mqtt.keep_alive = "4s": out of range; wanted: '),
        ('mqtt.keep_alive = "11m"', 'mqtt.keep_alive = "11m": out of range; wanted: '),
        ('log.max_size = "999kB"', 'log.max_size = "999kB": out of range; wanted: '),
    ],
)
def test_a_value_out_of_its_range_is_refused(tmp_path, text, problem):
    (line,) = problems(tmp_path, text)
    assert problem in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mqtt]\nmax_batch = 0", "expected a whole number >= 1; wanted: "),
        ("[mqtt]\nmax_batch = 'x'", "expected a whole number, got text; wanted: "),
        ("[mqtt]\nurl = 3", "expected text or a list, got a whole number; wanted: "),
        ("[mqtt]\npublish = 'some'", "invalid value 'some'; wanted: "),
        ("[[device]]\nname = 'a'\ndriver = 'd'\nbus = 'x'", "expected a whole number, got text"),
        ("node = 'a b'", 'has a character that it cannot have; write "a_b"; wanted: '),
    ],
)
def test_a_value_of_the_wrong_type_is_reported_in_plain_words(tmp_path, text, words):
    (line,) = problems(tmp_path, text)
    assert f": {words}" in line


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("key", ["offset = {}", "low = {}", "polynomial = [1.0, {}]"])
def test_a_number_is_finite(tmp_path, key, number):
    device = '[[device]]\nname = "air"\ndriver = "sht4x"\n[device.channel.temperature]\n'
    (line,) = problems(tmp_path, device + key.format(number))
    assert "out of range" in line


@pytest.mark.parametrize("text", ['mqtt.keep_alive = "5s"', 'mqtt.keep_alive = "10m"'])
def test_the_ends_of_a_range_are_in_it(tmp_path, text):
    assert load(write(tmp_path, text))


def test_the_example_is_read_as_written():
    config = load(Path(__file__).parent.parent / "examples" / "greenhouse.toml")
    assert [device.name for device in config.device][:2] == ["air", "outside"]
    assert config.rule[0].hold == 10


def test_a_key_without_an_end_is_cut_in_its_message(tmp_path):
    file = tmp_path / "long.toml"
    file.write_text(f"node = 'n'\n{'k' * 100_000} = 1\n")
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert f"{'k' * 160}… = 1: unknown" in str(refused.value)
    assert len(str(refused.value)) < 1000


def test_an_entry_with_a_key_that_is_cut_still_counts_as_one_with_a_problem():
    problems = Problems(NoLocations("config.toml"))
    name = "n" * 400
    problems.note(f"device.{name}.every", 5, "wrong")
    problems.missing(f"device.{name}.every", "a duration")
    assert problems.entries("device") == {name}
    assert len(problems.lines) == 1
