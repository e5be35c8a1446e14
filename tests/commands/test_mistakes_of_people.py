"""Configurations as people write them: what `check` says of each, and that it hides secrets."""

from pathlib import Path

import pytest

FILES = Path(__file__).with_name("mistakes")
ACCEPTED = "no problems"
SAID = {
    "AND": "rule.r.when|write `and`",
    "Driver_case": "device.air.driver|did you mean 'bme280'?",
    "On": 'output.fan.safe|write "on"',
    "True": "line 2|true or false in small letters",
    "addr_76": "device.air.address = 0x4c|write 0x76",
    "addr_dec_str": "device.air.address|write 0x76 without quotes",
    "addr_str": "device.air.address|write 0x76 without quotes",
    "ampamp": "rule.r.when|write `and`",
    "arrow": "rule.r.when|write >=",
    "assign": "rule.r.when|write == to compare",
    "bom": ACCEPTED,
    "broker_key": 'mqtt.broker|write url = "mqtt://host:port"',
    "cert_nokey": "mqtt.certificate|it needs key as well",
    "chan_unknown": "rule.r.when|did you mean 'air.temperature'?",
    "decimalcomma": "rule.r.when|a point in a number, not a comma",
    "dev_twice_case": "device.Air.name|differs from 'air' in case only",
    "dev_unknown": "rule.r.when|did you mean 'air.temperature'?",
    "driver_dht": 'device.air.driver|the kernel reads it: driver = "iio"',
    "dup_key": "line 6|given twice, first on line 5",
    "empty": "there is nothing to do|examples/greenhouse.toml",
    "every_combo": 'device.air.every|expected "90s"',
    "every_comma": 'device.air.every|expected "0.5s"',
    "every_iso": 'device.air.every|expected "10s"',
    "every_min": 'device.air.every|expected "1m"',
    "every_neg": 'device.air.every|not negative|"50ms" to "1d"',
    "every_sec": 'device.air.every|expected "5s"',
    "id_w1": 'device.t.id|"28-3c01e076877d"',
    "ini": 'line 2|write text in quotes|write url = "mqtt://host:port"',
    "json": "line 1|this is JSON",
    "keep_huge": "log.keep|at most",
    "nbsp": "line 2|no-break space; type the space again",
    "neq": "rule.r.when|write !=",
    "node_under_mqtt": "mqtt.node|at the top of the file, before [mqtt]",
    "noname_chan": "rule.r.when|did you mean 'air.temperature'?",
    "on_bare": 'line 12|write text in quotes, as in fan = "on"',
    "password": "mqtt.password|write it to a file, and name that in password_file",
    "path_rel": f"{ACCEPTED}|the event log is",
    "path_var": "log.path|the variable $NOPE is not set",
    "pin_2_i2c": "output.fan.pin = 2|this pin belongs to i2c-1, which 'air' uses",
    "pin_33": "output.fan.pin = 33|not on the header|from 0 to 27",
    "pin_gpio": "output.fan.pin|write 22 without quotes",
    "pin_str": "output.fan.pin|write 22 without quotes",
    "pwfile_nouser": "mqtt.password_file",
    "scale0": "device.air.channel.temperature.scale|every value would be the offset",
    "scale_nan": "device.air.channel.temperature.scale|out of range",
    "set_unknown": "rule.r.set.fna|did you mean 'fan'?",
    "set_unknown_noout": "rule.r.set.fan|no [[output]] has the name 'fan'; add it",
    "sev_case": 'rule.r.severity|write "critical"',
    "singlebracket": "device|write [[device]]",
    "smartquotes": 'line 2|typographic quotes; use plain "',
    "time_24": "rule.r.when|from 00:00 to 23:59",
    "time_ampm": "rule.r.when|as in 22:00",
    "unit_F": "rule.r.when|write °C",
    "url_creds": "mqtt.url|set username and password_file",
    "url_creds_hash": "mqtt.url|set username and password_file",
    "url_emptylabel": "mqtt.url|1 to 63 characters between two dots",
    "url_host": "mqtt.url|write mqtt:// or mqtts://",
    "url_longlabel": "mqtt.url|1 to 63 characters between two dots",
    "url_path": "mqtt.url|ends after host and port",
    "url_port0": "mqtt.url|a number from 1 to 65535",
    "url_space": "mqtt.url|there is a space in it; remove it",
    "url_tcp": "mqtt.url|write mqtt:// or mqtts://",
    "username_long": "mqtt.username|of length <= 16383",
    "yaml": "line 1|this is YAML",
    "yes": "mqtt.retained|true or false",
}


@pytest.mark.parametrize("name", SAID)
def test_a_configuration_of_a_beginner_gets_its_key_and_its_remedy(edge_agent, name):
    done = edge_agent("check", FILES / f"{name}.toml")
    said = done.out + done.err
    assert [words for words in SAID[name].split("|") if words not in said] == []
    accepted = ACCEPTED in SAID[name] or name == "empty"
    assert done.code == (0 if accepted else 2)
    assert "s3cret" not in said
    assert "s3#cret" not in said


def test_every_file_is_in_the_table():
    assert {path.stem for path in FILES.glob("*.toml")} == SAID.keys()


@pytest.mark.parametrize("secret", ["/abc", "/hunter2"])
def test_a_secret_that_looks_like_a_path_is_not_shown(edge_agent, config, secret):
    text = f'[mqtt]\nusername = "me"\npassword_file = "{secret}"'
    done = edge_agent("check", config(text))
    assert done.code == 2
    assert secret not in done.out + done.err
