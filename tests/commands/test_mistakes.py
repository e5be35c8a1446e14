"""Mistakes that people make in their first configurations, and the remedy that `check` names."""

import sys

import pytest

DEVICE = '[[device]]\nname = "air"\ndriver = "bme280"\n'
OUTPUT = '[[output]]\nname = "fan"\npin = 22\n'
RULE = '[[rule]]\nname = "hot"\nwhen = "{}"\n'
NOT_TOML = {
    'node\u00a0= "x"': ".toml:1:5: |; the line has a no-break space; type the space again",
    "node = \u201cx\u201d": 'the line has typographic quotes; use plain "',
    '{"node": "x"}': "this is JSON",
    "mqtt:\n  url: mqtt://a": "this is YAML",
    "- name: air": "this is YAML",
    "[mqtt]\nretained = True": "write true or false in small letters",
    "[mqtt]\nhost = broker.lan": ".toml:2:8: |; write text in quotes",
    RULE.format("true") + "set = { fan = on }": 'write text in quotes, as in fan = "on"',
    'node = "a"\nlog = {}\nnode = "b"': "node is given twice, first on line 1; keep one of them",
    "node": "see https://toml.io",
}
KEYS = {
    DEVICE + 'address = "0x76"': "write 0x76 without quotes",
    DEVICE + "address = 76": "76 is decimal: write 0x76",
    DEVICE + 'every = "1min"': 'expected "1m"',
    DEVICE + 'every = "5 seconds"': 'expected "5s"',
    DEVICE + 'every = "0,5s"': 'expected "0.5s"',
    DEVICE + 'every = "PT10S"': 'expected "10s"',
    DEVICE + 'every = "-1s"': 'such as "500ms"',
    DEVICE + "[device.channel.temperature]\nscale = 0": "every value would be the offset",
    DEVICE.replace("bme280", "BME280"): "did you mean 'bme280'?",
    DEVICE.replace("bme280", "AM2302"): 'write driver = "dht22"',
    DEVICE.replace("bme280", "gps"): 'write driver = "nmea"',
    DEVICE + DEVICE.replace("air", "Air") + "bus = 3": "differs from 'air' in case only",
    '[[device]]\nname = "t"\ndriver = "ds18b20"\nid = "28-3C01E076877D"': '"28-3c01e076877d"',
    OUTPUT.replace("22", '"GPIO22"'): "write 22 without quotes",
    DEVICE
    + RULE.format("air.humidity > 50")
    + 'set = { fan = "on" }': "no [[output]] has the name",
    '[log]\npath = "$NOWHERE/events.db"': "the variable $NOWHERE is not set",
    '[log]\nkeep = "999999999d"': "at most 36500d",
    '[mqtt]\nhost = "broker.lan"': 'unknown; write url = "mqtt://host:port"',
    '[mqtt]\nnode = "x"': "write it at the top of the file, before [mqtt]",
    '[mqtt]\nusername = "me"\npassword = "s3cret"': 'mqtt.password = "***": unknown; write it to a',
    '[mqtt]\npassword_env = "PATH"': "a password needs a user; set username",
    f'[mqtt]\nusername = "{"x" * 20_000}"': "of length <= 16383",
    '[mqtt]\nurl = "mqtts://a"\ncertificate = "/etc/hostname"': "it needs key as well; set both",
    '[[sink]]\nname = "file"\nurl = "file://events/a.jsonl"': "the path is relative; begin",
    '[[sink]]\nname = "file"\nurl = "file:///etc"': "a directory; name a file in it",
    '[[sink]]\nname = "b"\nurl = "amqp://a"\nusername = "me"': "a user needs a password; set",
    '[[sink]]\nname = "b"\nurl = "kafka://a/t"\nmax_message = "1GB"': "2kB to 100MB",
    '[[sink]]\nname = "b"\nurl = "eventhubs://a/t"': "connection_string_file: no connection string",
}
CONDITIONS = {
    "air.temperature > 30 && air.humidity > 3": "write `and`",
    "air.temperature > 30 || air.humidity > 3": "write `or`",
    "air.temperature > 30 AND air.humidity > 3": "write `and`, `or` and `not` in small letters",
    "air.temperature => 30": "write >= or <=",
    "air.temperature <> 30": "write != for `is not equal`",
    "!air.temperature": "`not` for the opposite",
    "air.temperature = 30": "write == to compare",
    "air.temperature > 30,5": "write a point in a number, not a comma",
    "time >= 24:00": "write a time from 00:00 to 23:59",
    "time >= 10pm": "write a time from 00:00 to 23:59, as in 22:00",
    "air.temperature > 80 °F": "write °C",
}
URLS = {
    "broker.lan": "there is no scheme; write mqtt:// or mqtts://",
    "tcp://broker.lan": "the scheme is 'tcp'; write mqtt:// or mqtts://",
    "mqtt://broker..lan": "no host has this name",
    f"mqtt://{'a' * 64}.lan": "no host has this name",
    " mqtt://broker.lan": "there is a space in it",
    "mqtt://broker.lan/home": "ends after host and port",
    "mqtt://broker.lan:0": "the port must be a number from 1 to 65535",
}
TEXTS = {
    **NOT_TOML,
    **KEYS,
    **{DEVICE + RULE.format(when): remedy for when, remedy in CONDITIONS.items()},
    **{f'[mqtt]\nurl = "{url}"': remedy for url, remedy in URLS.items()},
}


@pytest.mark.parametrize(("text", "remedy"), TEXTS.items(), ids=range(len(TEXTS)))
def test_a_common_mistake_is_one_line_with_its_remedy(edge_agent, config, text, remedy):
    done = edge_agent("check", config(text))
    line, count = done.err.splitlines()
    assert [words for words in remedy.split("|") if words not in line] == []
    assert (done.code, count) == (2, "1 problem")


@pytest.mark.parametrize("password", ["s3cret", "s3#cret", "s3/cret", "s3@cret"])
def test_a_password_in_a_url_is_refused_and_not_shown(edge_agent, config, password):
    done = edge_agent("check", config(f'[mqtt]\nurl = "mqtt://me:{password}@broker.lan"'))
    assert 'mqtt.url = "mqtt://***@broker.lan": credentials do not belong in the URL' in done.err
    assert "cret" not in done.err


SINK = '[[sink]]\nname = "a"\n'
PEM = "-----BEGIN PRIVATE KEY-----s3cret"
MISPLACED = {
    '[mqtt]\npassword_file = "{}"': "the path of a file begins with a directory",
    '[mqtt]\nusername = "me"\npassword_file = "{}"': 'mqtt.password_file = "***": No such file',
    '[mqtt]\nusername = "me"\npassword_env = "{}"': "capital letters and _ only",
    '[mqtt]\nurl = "mqtts://a"\ncertificate = "/etc/hostname"\nkey = "{}"': "key: No such file",
    '[mqtt]\nkey = "{}"': 'mqtt.key = "***": unused',
    f'[mqtt]\nurl = "mqtts://a"\nca = "{PEM}{{}}"': "ca: ",
    f'[mqtt]\nca = "{PEM}{{}}"': 'mqtt.ca = "***": unused',
    '[mqtt]\npasword_file = "{}"': 'mqtt.pasword_file = "***": unknown; did you mean',
    '[mqtt]\nkennwort = "{}"': 'mqtt.kennwort = "***": unknown; known:',
    '[mqtt]\npassword_file = ["{}"]': 'mqtt.password_file = "***": expected text',
    '[mqtt]\nurl = {{a = "mqtt://me:{}@b"}}': "mqtt.url",
    'mqtt = "mqtt://me:{}@broker.lan"': 'mqtt = "***": expected a table',
    'sink = {{name = "a", token = "{}"}}': "write [[sink]]",
    SINK + 'url = "amqp://a"\nusername = "{}"': "sink.a.username: a user needs a password",
    SINK + 'url = "https://a"\ntoken_file = "{}"': 'sink.a.token_file = "***"',
    SINK + 'url = "https://a"\nsecret_env = "{}"': 'sink.a.secret_env = "***"',
    SINK
    + 'url = "eventhubs://a/t"\nconnection_string_file = "{}"': "sink.a.connection_string_file",
    SINK + 'url = "eventhubs://a/t"\nconnection_string_env = "{}"': "sink.a.connection_string_env",
    SINK + 'url = "kafka://a/t"\nregistry = "https://me:{}@b"': "sink.a.registry",
    SINK + 'url = "kafka://a/t"\nregistry_password_file = "{}"': "sink.a.registry_password_file",
    SINK + 'url = ["kafka://a/t", "kafka://me:{}@b/t"]': "sink.a.url",
    SINK
    + 'url = "sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/q"\n'
    + 'credentials_file = "{}"': 'sink.a.credentials_file = "***"',
    '[[notify]]\nname = "a"\nurl_file = "{}"': 'notify.a.url_file = "***"',
}


@pytest.mark.parametrize(("text", "words"), MISPLACED.items(), ids=str)
@pytest.mark.parametrize("secret", ["s3cret", "/s3cret+4Q=="])
def test_a_secret_in_the_wrong_place_is_not_shown(edge_agent, config, text, words, secret):
    done = edge_agent("check", config(text.format(secret)))
    assert done.code == 2
    assert words in done.err
    assert "s3cret" not in done.out + done.err


def test_a_connection_string_in_place_of_its_file_is_not_shown(edge_agent, config):
    sink = '[[sink]]\nname = "hub"\nurl = "eventhubs://a/t"\nconnection_string = "Endpoint=s3cret"'
    done = edge_agent("check", config(sink))
    assert 'sink.hub.connection_string = "***": unknown; did you mean' in done.err
    assert "s3cret" not in done.err


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("kafka://a/t", "confluent_kafka", "kafka"),
        ('kafka://a/t"\nformat = "avro', "fastavro", "avro"),
        ("amqp://a", "pika", "amqp"),
        ("sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/q", "botocore", "aws"),
        (
            "sns+https://sns.eu-central-1.amazonaws.com/arn:aws:sns:eu-central-1:123456789012:t",
            "botocore",
            "aws",
        ),
    ],
)
def test_a_package_that_a_sink_needs_and_that_is_missing_is_named(
    edge_agent, config, monkeypatch, url, module, extra
):
    path = config(f'[[sink]]\nname = "bus"\nurl = "{url}"')
    assert edge_agent("check", path).code == 0
    monkeypatch.setitem(sys.modules, module, None)
    done = edge_agent("check", path)
    assert done.code == 2
    assert "sink.bus: the package" in done.err
    assert f"is not installed: pip install 'edge-agent[{extra}]'" in done.err


def test_a_byte_order_mark_is_no_mistake(edge_agent, config):
    assert edge_agent("check", config("\ufeff" + DEVICE)).code == 0
