"""Other numbers in a channel's table; everything else stays as it is written."""

import tomllib

import pytest

from edge_agent.config.channel_text import channel_lines, with_channel

NUMBERS = {"scale": 1.02, "offset": -0.4}
DEVICES = """\
# the shed
node = "shed"

[[device]]
name = "air"    # by the door
driver = "sht4x"
# address = 0x45

# the tank
[[device]]
name = "water"
driver = "ds18b20"

[mqtt] # last
url = "mqtt://localhost"
"""


def changed(text, device="air"):
    return with_channel(text, device, "temperature", NUMBERS)


def test_a_device_without_the_table_gets_it_below_its_own_lines():
    before, after = DEVICES.split("\n# the tank")
    table = "\n[device.channel.temperature]\nscale = 1.02\noffset = -0.4\n"
    assert changed(DEVICES) == f"{before}{table}\n# the tank{after}"


def test_the_table_of_the_last_device_stands_before_the_next_table():
    table = "\n[device.channel.temperature]\nscale = 1.02\noffset = -0.4\n"
    assert changed(DEVICES, "water") == DEVICES.replace("\n[mqtt]", f"{table}\n[mqtt]")


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_device_at_the_end_of_the_file_gets_its_table_there(end):
    text = f'[[device]]\nname = "air"{end}'
    table = "\n[device.channel.temperature]\nscale = 1.02\noffset = -0.4\n"
    assert changed(text) == f'[[device]]\nname = "air"\n{table}{end[1:]}'


def test_a_comment_at_the_end_of_the_file_stays_with_the_device():
    text = '[[device]]\nname = "air"\n# bus = 3\n'
    assert changed(text).startswith(f"{text}\n[device.channel.temperature]\n")


TABLE = '[[device]]\nname = "air"\n[device.channel.temperature] # mine\nlow = -20 # cold\n'


def test_missing_keys_stand_below_the_heading_of_the_channel():
    fresh = changed(TABLE + "\n[mqtt]\n")
    heading, after = "[device.channel.temperature] # mine\n", "low = -20 # cold\n\n[mqtt]\n"
    assert fresh == f'[[device]]\nname = "air"\n{heading}scale = 1.02\noffset = -0.4\n{after}'


def test_a_key_that_is_there_has_the_number_where_it_stands():
    text = TABLE + "offset = +5_0   # measured in May\nscale= 1e0#\n"
    assert changed(text) == TABLE + "offset = -0.4   # measured in May\nscale= 1.02#\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '[[device]]\nname = "air"\nchannel.temperature = { offset = 1, scale = 2.0 } # x\n',
            '[[device]]\nname = "air"\nchannel.temperature = { offset = -0.4, scale = 1.02 } # x\n',
        ),
        (
            'device = [{name = "air", channel.temperature = {scale=2,offset=1}}]\n',
            'device = [{name = "air", channel.temperature = {scale=1.02,offset=-0.4}}]\n',
        ),
    ],
)
def test_numbers_of_an_inline_table_are_replaced(before, after):
    assert changed(before) == after


@pytest.mark.parametrize(
    "text",
    [
        'device = [{ name = "air" }]\n',
        '[[device]]\nname = "air"\nchannel = { temperature = { low = 1 } }\n',
        '[[device]]\nname = "air"\nchannel.temperature.low = 1\n',
        '[[device]]\nname = "air"\nchannel.temperature = { scale = 2 }\n',
    ],
)
def test_a_form_without_a_place_for_the_keys_is_not_changed(text):
    assert changed(text) is None


def test_line_ends_of_windows_stay():
    text = DEVICES.replace("\n", "\r\n")
    assert changed(text) == changed(DEVICES).replace("\n", "\r\n")


def test_what_a_text_of_several_lines_has_is_no_heading():
    text = '[[device]]\nname = "air"\ndriver = """\n[mqtt]\n# no comment\n"""\n[mqtt]\n'
    fresh = changed(text)
    assert fresh.startswith(text.removesuffix("[mqtt]\n"))
    assert tomllib.loads(fresh)["device"][0]["channel"] == {"temperature": NUMBERS}


def test_the_lines_to_paste_are_the_table():
    lines = "\n".join(channel_lines("temperature", NUMBERS))
    assert tomllib.loads(f"[[device]]\n{lines}") == {
        "device": [{"channel": {"temperature": NUMBERS}}]
    }
    assert channel_lines("fan 1", {})[0] == '[device.channel."fan 1"]'
