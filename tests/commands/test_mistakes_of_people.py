"""Configurations as people write them: what `check` says of each, and that it hides secrets."""

from pathlib import Path

import pytest

FILES = Path(__file__).with_name("mistakes")
ACCEPTED = "no problems"
SAID = {
    "AND": "8:30: rule.r.when|write `and`",
    "Driver_case": "3: device.air.driver|did you mean 'bme280'?",
    "On": '4: output.fan.safe|write "on"',
    "True": "2:12: not TOML|true or false in small letters",
    "addr_76": "4: device.air.address = 0x4c|write 0x76",
    "addr_dec_str": "4: device.air.address|write 0x76 without quotes",
    "addr_str": "4: device.air.address|write 0x76 without quotes",
    "ampamp": "8:30: rule.r.when|write `and`",
    "arrow": "8:25: rule.r.when|write >=",
    "assign": "8:25: rule.r.when|write == to compare",
    "bom": ACCEPTED,
    "broker_key": '2: mqtt.broker|write url = "mqtt://host:port"',
    "cert_nokey": "3: mqtt.certificate|it needs key as well",
    "chan_unknown": "8:9: rule.r.when|did you mean 'air.temperature'?",
    "decimalcomma": "8:9: rule.r.when|a point in a number, not a comma",
    "dev_twice_case": "7: device.Air.name|differs from 'air' in case only",
    "dev_unknown": "8:9: rule.r.when|did you mean 'air.temperature'?",
    "driver_dht": '3: device.air.driver|write driver = "dht22"',
    "dht_pin": "4: device.air.pin = 17|write `dtoverlay=dht11,gpiopin=17` in config.txt",
    "dup_key": "6:11: not TOML|given twice, first on line 5",
    "empty": "there is nothing to do|examples/greenhouse.toml",
    "every_combo": '5: device.air.every|expected "90s"',
    "every_comma": '5: device.air.every|expected "0.5s"',
    "every_iso": '5: device.air.every|expected "10s"',
    "every_min": '5: device.air.every|expected "1m"',
    "every_neg": '5: device.air.every|not negative|"50ms" to "1d"',
    "every_sec": '5: device.air.every|expected "5s"',
    "id_w1": '4: device.t.id|"28-3c01e076877d"',
    "ini": '2:6: not TOML|write text in quotes|write url = "mqtt://host:port"',
    "json": "1:1: not TOML|this is JSON",
    "keep_huge": "2: log.keep|at most",
    "nbsp": "2:5: not TOML|no-break space; type the space again",
    "neq": "8:25: rule.r.when|write !=",
    "node_under_mqtt": "2: mqtt.node|at the top of the file, before [mqtt]",
    "noname_chan": "8:9: rule.r.when|did you mean 'air.temperature'?",
    "on_bare": '12:15: not TOML|write text in quotes, as in fan = "on"',
    "password": "3: mqtt.password|write it to a file, and name that in password_file",
    "path_rel": f"{ACCEPTED}|the event log is",
    "path_var": "2: log.path|the variable $NOPE is not set",
    "pin_2_i2c": "8: output.fan.pin = 2|this pin belongs to i2c-1, which 'air' uses",
    "pin_33": "3: output.fan.pin = 33|not on the header|from 0 to 27",
    "pin_gpio": "3: output.fan.pin|write 22 without quotes",
    "pin_str": "3: output.fan.pin|write 22 without quotes",
    "pwfile_nouser": "2: mqtt.password_file|a password needs a user; set username",
    "scale0": "7: device.air.channel.temperature.scale|every value would be the offset",
    "scale_nan": "7: device.air.channel.temperature.scale|out of range",
    "set_unknown": "12: rule.r.set.fna|did you mean 'fan'?",
    "set_unknown_noout": "9: rule.r.set.fan|no [[output]] has the name 'fan'; add it",
    "sev_case": '9: rule.r.severity|write "critical"',
    "singlebracket": "1: device|write [[device]]",
    "smartquotes": '2:8: not TOML|typographic quotes; use plain "',
    "time_24": "8:17: rule.r.when|from 00:00 to 23:59",
    "time_ampm": "8:17: rule.r.when|as in 22:00",
    "unit_F": "8:30: rule.r.when|write °C",
    "url_creds": "2: mqtt.url|set username and password_file",
    "url_creds_hash": "2: mqtt.url|set username and password_file",
    "url_emptylabel": "2: mqtt.url|1 to 63 characters between two dots",
    "url_host": "2: mqtt.url|write mqtt:// or mqtts://",
    "url_longlabel": "2: mqtt.url|1 to 63 characters between two dots",
    "url_path": "2: mqtt.url|ends after host and port",
    "url_port0": "2: mqtt.url|a number from 1 to 65535",
    "url_space": "2: mqtt.url|there is a space in it; remove it",
    "url_tcp": "2: mqtt.url|write mqtt:// or mqtts://",
    "username_long": "2: mqtt.username|of length <= 16383",
    "yaml": "1:5: not TOML|this is YAML",
    "yes": "2: mqtt.retained|true or false",
}


@pytest.mark.parametrize("name", SAID)
def test_a_configuration_of_a_beginner_gets_its_line_its_key_and_its_remedy(edge_agent, name):
    done = edge_agent("check", FILES / f"{name}.toml")
    said = done.out + done.err
    place, *words = SAID[name].split("|")
    assert (f"/{name}.toml:{place}" if place[0].isdigit() else place) in said
    assert [one for one in words if one not in said] == []
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
