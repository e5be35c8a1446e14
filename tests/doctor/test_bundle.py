"""The archive has what its readers need, and no secret, wherever it occurs."""

import json
import tarfile

import pytest

from edge_agent.doctor.bundle import write_bundle
from edge_agent.doctor.diagnosis import diagnose
from edge_agent.doctor.instruments.redaction import Redaction

# Apprise uses deprecated features of Python
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
# One text for every place; none may occur in the archive.
SECRETS = {
    "password in a file": "correct-horse-battery",
    "password in a variable": "staple-9f3a",
    "variable of the unit": "moonlight-77",
    "userinfo of a broker": "sw0rdfish",
    "notify's URL": "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2",
    "notify's URL in a file": "xoxb-2222-3333",
    "notify's URL in a file, by a variable": "bot-110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "password where its file should be": "hunter2hunter2",
    "variable's place": "S3CRET9",
    "misspelt key": "passphrase of mine",
    "number without quotes": "31337421",
    "table of no meaning": "opensesame",
    "option of a driver": "abcdef012345",
    "comment": "note-to-self-rosebud",
    "rule's message": "tok-4444",
    "long one, cut in a line of problems": "x7" * 60,
    "no URL where one should be": "pushover-u6mXq",
    "variable with an innocent name": "quux-quux-8",
    "private key": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
}
CONFIG = """
# {comment}
node = "shed"
[mqtt]
url = ["mqtt://me:{userinfo}@127.0.0.1", "mqtts://127.0.0.1"]
username = "me"
password_file = "{file}"
key = "{key}"
pasword = "{misspelt}"
pin_code = {number}
paswd = "{long}"
[login]
phrase = "{table}"
[[notify]]
name = "phone"
url = "ntfy://{notify}@ntfy.sh/topic"
[[notify]]
name = "desk"
url_file = "{desk}"
[[notify]]
name = "bot"
url_file = "$BOT_URL_DIRECTORY/bot"
[[notify]]
name = "odd"
url = "{odd}"
[[notify]]
name = "pager"
url = "tgram://{long}/1"
[[device]]
name = "air"
driver = "sht4x"
api_key = "{option}"
[[rule]]
name = "hot"
when = "air.temperature > 30"
message = "see https://example.org/{message}"
"""


@pytest.fixture
def secretive(pi, monkeypatch):
    """Every secret in its place, and in the journal, which repeats them."""
    values = list(SECRETS.values())
    names = ["file", "variable", "unit", "userinfo", "notify", "desk", "bot", "instead", "name"]
    names += [
        "misspelt",
        "number",
        "table",
        "option",
        "comment",
        "message",
        "long",
        "odd",
        "innocent",
        "key",
    ]
    given = dict(zip(names, values, strict=True))
    for name in ("file", "desk", "bot", "key"):
        scheme = "" if name in {"file", "key"} else "slack://"
        pi.write(f"/etc/edge-agent/{name}", f"{scheme}{given[name]}\n")
    places = {name: pi.path(f"/etc/edge-agent/{name}") for name in ("file", "desk", "key")}
    pi.write("/etc/edge-agent/key", PEM.format(given["key"]))
    monkeypatch.setenv("BOT_URL_DIRECTORY", str(pi.path("/etc/edge-agent")))
    pi.file.write_text(CONFIG.format(**{**given, **places}))
    pi.environment |= {"MQTT_PASSWORD": given["variable"]}
    pi.unit_text += f"[Service]\nEnvironment=API_TOKEN={given['unit']}\n"
    pi.unit["Environment"] = f"GREETING={given['innocent']}"
    pi.journal += [("err", f"cannot log in as me with {one}") for one in values[:7]]
    pi.journal += [("err", f"password={given['instead']}"), ("err", f"token: {given['name']}")]
    pi.journal += [("err", PEM.format(given["key"]))]
    return pi


PEM = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def bundle(tmp_path):
    """A function: write an archive and return its files."""

    def write(pi):
        case = pi.case()
        file = tmp_path / "bundle.tar.gz"
        write_bundle(case, list(diagnose(case)), file)
        assert file.stat().st_mode & 0o077 == 0
        with tarfile.open(file) as archive:
            return {
                member.name.rpartition("/")[2]: archive.extractfile(member).read().decode()
                for member in archive.getmembers()
            }

    return write


def test_no_secret_is_in_the_archive(secretive, bundle):
    files = bundle(secretive)
    leaks = [
        (place, name)
        for place, secret in SECRETS.items()
        for name, text in files.items()
        if secret in text or secret[:40] in text
    ]
    assert leaks == []


def test_no_secret_is_in_the_archive_if_the_file_is_not_valid_toml(secretive, bundle):
    secretive.file.write_text(secretive.file.read_text() + "\nthis is = no = toml\n")
    files = bundle(secretive)
    leaks = [
        place
        for place, secret in SECRETS.items()
        if secret in files["config.txt"] or secret[:40] in files["config.txt"]
    ]
    assert leaks == []
    assert "[mqtt]\nurl = ***\nusername = ***\n" in files["config.txt"]


@pytest.mark.parametrize("key", ["password_file", "password_env", "key", "ca"])
def test_a_secret_in_place_of_a_file_name_is_redacted(pi, bundle, key):
    pi.change("[mqtt]", f'[mqtt]\n{key} = "{SECRETS["password where its file should be"]}"')
    text = "".join(bundle(pi).values())
    assert SECRETS["password where its file should be"] not in text


def test_no_secret_is_printed(secretive):
    printed = [
        f"{one.where} {one.what} {one.remedy}"
        for result in diagnose(secretive.case())
        for one in result.findings
    ]
    assert any("mqtt.paswd" in text for text in printed)
    leaks = [
        place for place, secret in SECRETS.items() if any(secret[:40] in text for text in printed)
    ]
    assert leaks == []


def test_the_archive_has_what_its_readers_need(pi, bundle):
    pi.journal.append(("err", "boiler: no answer"))
    files = bundle(pi)
    assert json.loads(files["config.txt"])["device"][0] == {"name": "air", "driver": "sht4x"}
    assert json.loads(files["config.txt"])["mqtt"]["url"] == pi.url
    assert json.loads(files["findings.json"])["problems"] == 0
    assert json.loads(files["log-stats.txt"])["recorded"] == 0
    assert "i2c-1" in json.loads(files["devices.txt"])["dev"]
    assert "gpiochip0 pinctrl-bcm2711" in json.loads(files["devices.txt"])["gpio"]
    assert "bookworm" in files["os-release.txt"]
    assert "boiler: no answer" in files["journal.txt"]
    assert "NRestarts=0" in files["systemctl-show.txt"]
    assert "msgspec " in files["packages.txt"]
    assert files["version.txt"].startswith("edge-agent ")


def test_the_event_log_is_not_in_it(pi, bundle):
    assert not any("SQLite format" in text for text in bundle(pi).values())


def test_it_is_written_on_a_machine_without_configuration_and_log(pi, bundle):
    pi.file.unlink()
    pi.log.unlink()
    pi.labels = None
    files = bundle(pi)
    assert "no event log" in files["log-stats.txt"]
    assert files["config.txt"].startswith("FileNotFoundError")


def test_the_user_who_called_sudo_owns_the_archive(pi, bundle, monkeypatch):
    given = []
    monkeypatch.setattr("os.chown", lambda *words: given.append(words))
    pi.environment |= {"SUDO_UID": "1000", "SUDO_GID": "1001"}
    bundle(pi)
    assert [words[1:] for words in given] == [(1000, 1001)]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("mqtt://me:pw@host:1883", "mqtt://***@host:1883"),
        ("mqtts://host:8883 refuses", "mqtts://host:8883 refuses"),
        ("amqp://me:pw@host:5672/farm", "amqp://***@host:5672/farm"),
        (
            "5671 is usual for amqps://, 5672 for amqp://",
            "5671 is usual for amqps://, 5672 for amqp://",
        ),
        ("https://hooks.example.org/T0/B0", "https://hooks.example.org/***"),
        ("tgram://123:abc/1", "tgram://***"),
        ('password = "a b"', "password = ***"),
        ("Authorization: Bearer abc", "Authorization: ***"),
        ('"api_key": "abc"', '"api_key": ***'),
        (
            'password_file = "/etc/edge-agent/password"',
            'password_file = "/etc/edge-agent/password"',
        ),
    ],
)
def test_what_looks_like_a_secret_is_redacted_and_nothing_else(text, redacted):
    assert Redaction(()).redact(text) == redacted
