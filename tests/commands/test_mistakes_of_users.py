"""Keys in the wrong table, values and files that cannot work, and words of other programs."""

import pytest

DEVICE = '[[device]]\nname = "air"\ndriver = "bme280"\n'
CHANNEL = DEVICE + "[device.channel.temperature]\n"
MODBUS = '[[device]]\nname = "meter"\ndriver = "modbus"\nmap = "sdm120"\n'
DISK = '[[device]]\nname = "disk"\ndriver = "disk"\n'
SINK = '[[sink]]\nname = "a"\n'
TLS = '[mqtt]\nurl = "mqtts://a"\n'
LISTEN = '[web]\nlisten = "{}"\n'
NO_ADDRESS = "no address of this machine is before the last colon; write one such as 127.0.0.1:80"
TEXTS = [
    # keys of another table
    ('[mqtt]\nkinds = ["reading"]', "2: mqtt.kinds", "write it below [[sink]]"),
    ('[mqtt]\nkeep = "7d"', "2: mqtt.keep", "write it below [log]"),
    ('[mqtt]\nevery = "5s"', "2: mqtt.every", "write it below [[device]]"),
    ('[log]\nwindows = ["1m"]', "2: log.windows", "write it below [aggregates]"),
    ("[log]\nallow = []", "2: log.allow", "write it below [commands]"),
    ("[commands]\nset = true", "2: commands.set", 'write allow = ["set"]'),
    ('[[notify]]\nname = "a"\nurl = "ntfy://a"\ntopic = "b"', "4: notify.a.topic", "ntfy://topic"),
    (DEVICE + "[device.air.channel.temperature]\noffset = 1", "4: dev", "leave the device's name"),
    # words of other programs
    ('[mqtt]\ntls_ca = "/x"', "2: mqtt.tls_ca", "write ca"),
    ('[mqtt]\nclient_cert = "/x"', "2: mqtt.client_cert", "write certificate"),
    ("[mqtt]\ninsecure_skip_verify = true", "2: mqtt.insecure_skip_verify", "CA in ca; TLS always"),
    (MODBUS + 'host = "10.0.0.1"', "5: device.meter.host", 'write path = "tcp://host:port"'),
    # numbers
    (CHANNEL + 'offset = "-0,4"', "5: device.air.channel.temp", "write -0.4 without quotes"),
    (CHANNEL + "offset = -0,4", "5:12: not TOML", "a point in a number, not a comma"),
    (DEVICE + "bus = 1.0", "4: device.air.bus", "write 1 without a point"),
    # what cannot work
    ('[aggregates]\nwindows = ["1m", "1m"]', "2: aggregates.windows", "write each length once"),
    (LISTEN.format("8080"), "2: web.listen", NO_ADDRESS),
    (LISTEN.format(":8080"), "2: web.listen", NO_ADDRESS),
    (LISTEN.format("http://127.0.0.1:80"), "2: web.listen", "and a port are wanted, not a URL"),
    (
        LISTEN.format("127.0.0.1:80") + '[metrics]\nlisten = "127.0.0.1:80"',
        "4: metrics.listen",
        "the page of [web] is there; choose another port",
    ),
    (MODBUS + 'path = "10.0.0.1:502"', "5: device.meter.path", "or tcp://192.168.1.20"),
    (DISK + 'mount = "C:"', '4: device.disk.mount = "C:"', "wanted a path from the root"),
    (SINK + 'url = "/var/lib/a.jsonl"', "3: sink.a.url", "for a file write file:///var"),
    (SINK + 'url = "file:///a"\nkinds = ["readings"]', "4: sink.a.kinds", '"reading", "aggre'),
    (TLS + 'ca = "/etc/hostname"', "3: mqtt.ca", "no certificate is in it; give a readable PEM"),
]


@pytest.mark.parametrize(("text", "place", "remedy"), TEXTS, ids=range(len(TEXTS)))
def test_a_mistake_has_its_place_and_its_remedy(edge_agent, config, text, place, remedy):
    done = edge_agent("check", config(text))
    *lines, count = done.err.splitlines()
    assert (done.code, count) == (2, "1 problem")
    assert f"/shed.toml:{place}" in lines[0]
    assert remedy in lines[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty; write the secret alone, in one line"),
        (b"\r\n", "it is empty"),
        (b"s3cret\nof the broker\n", "more than one line is in it"),
    ],
)
def test_a_file_that_has_no_password_is_refused(edge_agent, config, tmp_path, content, said):
    file = tmp_path / "password"
    file.write_bytes(content)
    file.chmod(0o600)
    text = f'[mqtt]\nusername = "me"\npassword_file = "{file}"'
    done = edge_agent("check", config(text))
    assert (done.code, said in done.err, "s3cret" in done.err) == (2, True, False)


def test_the_beginning_of_several_names_of_drivers_is_answered_with_them(edge_agent):
    done = edge_agent("drivers", "bme")
    assert "unknown driver; did you mean one of bme280, bme680? all: `edge" in done.err
