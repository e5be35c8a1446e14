"""Values, words and units of other programs: `check` names the remedy, and never a wrong one."""

import pytest

DEVICE = '[[device]]\nname = "air"\ndriver = "bme280"\n'
DOOR = '[[device]]\nname = "door"\ndriver = "contact"\npin = 17\n'
FAN = '[[output]]\nname = "fan"\npin = 22\n'
RULE = DEVICE + DOOR + FAN + '[[rule]]\nname = "r"\n'
T = "[device.channel.temperature]\n"
W1 = '[[device]]\nname = "t"\ndriver = "ds18b20"\nid = {}\n'
PIN = DOOR.replace("17", "{}")
HOT = RULE + 'when = "air.temperature > 3"\n'
SENSOR = DEVICE.replace("bme280", "{}")
LINE = SENSOR.format("sds011") + 'path = "{}"\n'
NO_LINE = "write one such as /dev/ttyUSB0"
HEADER = "`edge-agent pins` shows which GPIO number"
DURATION = 'expected a duration such as "500ms"'
VALUES = [
    # durations and sizes: never a shorter or a longer one than was meant
    (DEVICE + 'every = ".5s"', 'every = ".5s": expected "0.5s"'),
    (DEVICE + 'every = "500 milliseconds"', 'expected "500ms"'),
    (DEVICE + 'every = "1 h 30 min"', 'expected "5400s"'),
    (DEVICE + 'every = "5 Stunden"', DURATION),
    (DEVICE + 'every = "1M"', DURATION),
    ('[log]\nkeep = "1 month"', 'expected "30d"'),
    ('[log]\nkeep = "52w"', 'expected "364d"'),
    ('[log]\nmax_size = "256 MiB"', 'expected "256MB"'),
    ('[log]\nmax_size = "1TB"', 'expected "1000GB"'),
    # addresses, buses, pins and ids
    (DEVICE + 'address = "118"', "write 0x76 without quotes"),
    (DEVICE + 'address = "0X76"', "write 0x76 without quotes"),
    (DEVICE + "address = 0X76", "write an address such as 0x76"),
    (DEVICE + 'address = "76h"', "write 0x76 without quotes"),
    (DEVICE + "address = 0xec", "address = 0xec: |if it has 8 bits, write 0x76"),
    (DEVICE + "address = [0x76]", "write 118 without [ ]"),
    (DEVICE + 'bus = "/dev/i2c-1"', "write 1 without quotes"),
    (DEVICE + 'bus = "I2C1"', "write 1 without quotes"),
    (DEVICE + "bus = 1.0", "got a number; write 1 without a point;"),
    (PIN.format('"GPIO-17"'), "write 17 without quotes"),
    (PIN.format('"GPIO.0"'), HEADER),
    (PIN.format('"pin 11"'), HEADER),
    (PIN.format("[17]"), "write 17 without [ ]"),
    (W1.format('"0316A4C8FFEE"'), 'write it like "28-0316a4c8ffee"'),
    (W1.format('"/sys/bus/w1/devices/22-0316a4c8ffee"'), '"22-0316a4c8ffee"'),
    (W1.format('"0xa40316a4c8ffee28"'), '"28-0316a4c8ffee"'),
    (LINE.format("COM3"), NO_LINE),
    (LINE.format("ttyUSB0"), NO_LINE),
    (LINE.format("/dev/serial0 "), NO_LINE),
    # kinds of values
    (DEVICE + T + 'offset = "-0.4 °C"', "write -0.4 without quotes"),
    (FAN + 'interlock = "heater"', 'write ["heater"]'),
    ('[commands]\nallow = ["Set"]', 'write ["set"]'),
    ('[mqtt]\npublish = ["all"]', 'write "all" without [ ]'),
    (DOOR + 'pull = "UP"', 'pull = "UP": write "up"'),
    (DOOR + 'debounce = "50ms"', 'debounce = "50ms": write 0.05'),
    (DOOR + "debounce = 50", ".toml:5: device.door.debounce = 50: wanted"),
    ('node = "Küche oben"', 'write "Kuche_oben"'),
    ('node = "%H"', "a variable is not filled in here"),
    ('node = ""', 'node = "": empty'),
    (FAN + 'min_on = "10m"\nmax_on = "5m"', 'min_on = "10m": longer than max_on = "5m"'),
    (DOOR + FAN.replace("22", "17"), "fan.pin = 17: 'door' is connected there"),
    (HOT + "threshold.warm = { value = 26, low = 30, high = 20 }", "above high = 20; swap"),
    (HOT + "threshold.time = { value = 26, low = 20, high = 30 }", "the name is taken"),
    ('[log]\npath = "%h/x.db"', "only systemd fills in %"),
    ('[log]\npath = "sqlite:///x.db"', "a URL, not a path"),
    ('[log]\npath = ":memory:"', "memory, which a power cut empties"),
    (HOT + 'set = { fan = "ON" }', 'write { fan = "on" }'),
    (HOT + 'set = { fan = " Off" }', 'write { fan = "off" }'),
    (HOT + 'set = { fan = "Yes" }', "write { fan = true }"),
    (HOT + 'set = { fan = "False" }', "write { fan = false }"),
    # words
    (SENSOR.format("sht31"), 'write driver = "sht3x"'),
    (SENSOR.format("dht20"), 'write driver = "aht20"'),
    (SENSOR.format("pir"), 'write driver = "contact"'),
    (SENSOR.format("lm35"), "read its voltage"),
    (SENSOR.format("tca9548a"), "the kernel drives a multiplexer"),
    (FAN + 'driver = "relais"', 'write driver = "relay"'),
    (FAN + "inverted = true", "write active_low"),
    (FAN + 'initial = "on"', "write at_start"),
    (DEVICE + "offset = 1", "write it below [device.channel.<name>]"),
    (DEVICE + "[device.temperature]\noffset = 1", "write [device.channel.temperature]"),
    (DEVICE + T + "min = 1", "temperature.min = 1: unknown; write low"),
    (DEVICE + T + 'unit = "°F"', "each quantity has one unit"),
    ("[channel.temperature]\noffset = 1", "write [device.channel.<name>]"),
    ("[metrics]\nport = 9273", 'write listen = "127.0.0.1:9273"'),
    ('[log]\nlevel = "debug"', "`edge-agent run --verbose` shows more"),
    ("[mqtt]\ndiscovery = true", "enabled = true below [home_assistant]"),
    ('[mqtt]\nbase_topic = "x"', "write topic"),
    (HOT + "hysteresis = 2", "the limit at which the alert ends in `clear`"),
    (HOT + 'else = { fan = "off" }', "what the rule has set ends with its alert"),
    (HOT + 'message = "{temperature}"', "did you mean {air.temperature}?"),
]  # fmt: skip
CONDITIONS = {
    "time >= 6": "'6' has no unit; write a time of day such as 6:00",
    "time >= 22.30": "'22.30' has no unit",
    "weekday > 5": "'5' has no unit; write a day such as monday",
    "weekday == Mon": "write monday",
    "weekday in (saturday, sunday)": "weekday == saturday or weekday == sunday",
    "time in 22:00-06:00": "write 22:00 <= time < 6:00",
    "22:00-06:00": "compare it, as in 22:00 <= time < 6:00",
    "time between 22:00 and 06:00": "write 22:00 <= time < 6:00",
    "time >= 22:00:00": "without seconds, as in 22:00",
    "now > 22:00": "write 22:00 <= time < 6:00",
    "door.active == on": "write an on/off channel alone",
    "door.active is open": "write an on/off channel alone",
    "door": "did you mean 'door.active'?",
    "air/temperature > 3": "'temperature' is not a channel",
    "air->temperature > 3": "write a point between device and channel",
    "air.temperature > '30'": "write it without quotes",
    "air.temperature > 30°": "write °C",
    "air.temperature > 303 K": "write °C: K - 273.15",
    "air.atmospheric_pressure > 101325 Pa": "write hPa: Pa / 100",
    "air.temperature ≥ 30": "as on a keyboard",
    "air.temperature > 30 for 5m": 'as in for = "5m"',
    "mean(air.temperature, 10 min) > 3": "write s, m, h or d for a length of time",
    "avg(air.temperature, 10m) > 3": "write mean",
    "(air.temperature > 3": "write a ) for each (",
    "air.temperature not > 3": "write `not` before the whole comparison",
    "{{ states('sensor.air') > 3 }}": "this is for Home Assistant",
}
URLS = {
    "broker.lan:1883": "there is no scheme",
    "mqtt:broker.lan": "two slashes are missing",
    "mqtt://::1": "an IPv6 address stands in brackets",
    "mqtt://192.168.1": "no host has this address",
    "mqtt://192.168.001.010": "no host has this address",
    "mqtt://$BROKER": "a variable is not filled in here",
    "mqtt://<host>": "the name of a host has letters",
}
TEXTS = [
    *VALUES,
    *((RULE + f"when = '''{when}'''", remedy) for when, remedy in CONDITIONS.items()),
    *((f'[mqtt]\nurl = "{url}"', remedy) for url, remedy in URLS.items()),
]


@pytest.mark.parametrize(("text", "remedy"), TEXTS, ids=range(len(TEXTS)))
def test_a_value_of_another_program_has_its_remedy_and_no_wrong_one(
    edge_agent, config, text, remedy
):
    done = edge_agent("check", config(text))
    assert done.code == 2
    assert [words for words in remedy.split("|") if words not in done.err] == []
    assert done.err.count(": missing;") == 0


@pytest.mark.parametrize(
    "url",
    [
        "me:s3cret@broker.lan",
        "me:s3cret@broker.lan:1883",
        "mqtt://broker.lan?username=me&password=s3cret",
        "ws://broker.lan/mqtt?token=s3cret",
        "broker.lan?auth=s3cret",
    ],
)
@pytest.mark.parametrize("key", ["url", "broker", "publish", "node"])
def test_a_login_in_a_text_that_is_no_url_is_not_shown(edge_agent, config, url, key):
    for value in (f'"{url}"', f'["{url}"]'):
        done = edge_agent("check", config(f"[mqtt]\n{key} = {value}"))
        assert done.code == 2
        assert "s3cret" not in done.out + done.err


@pytest.mark.parametrize(
    "url", ["mqtt://[fe80::1%eth0]:1883", "mqtt://bröker_1.lan", "ws://10.0.0.7/m"]
)
def test_a_host_that_can_be_is_accepted(edge_agent, config, url):
    assert edge_agent("check", config(DEVICE + f'[mqtt]\nurl = "{url}"')).code == 0


LONG = "9" * 300
LONG_VALUES = [
    FAN.replace("22", f'"{LONG}"'),
    FAN + f'safe = "{LONG}"',
    DEVICE + T + f'scale = "{LONG}"',
    DEVICE + f'every = "{LONG}sec"',
    DEVICE + f'every = "{LONG}h 1m"',
    DEVICE + f'address = "{LONG}"',
    DEVICE + "humidity_oversampling = 1e308",
    SENSOR.format("ads1115") + "rate = 1e308",
    HOT + f'severity = "{LONG}"',
    HOT + f'set = {{ fan = "{LONG}" }}',
    "[log]\nkeep = 1e308",
    '[[sink]]\nname = "s"\nurl = "file:///x"\nmax_batch = 1e308',
]


@pytest.mark.parametrize("text", LONG_VALUES, ids=range(len(LONG_VALUES)))
def test_a_value_that_would_fill_the_line_is_cut(edge_agent, config, text):
    done = edge_agent("check", config(text))
    assert done.code == 2
    assert [line for line in done.err.splitlines() if "9" * 70 in line or "0" * 20 in line] == []
    assert "e+300" not in done.err
