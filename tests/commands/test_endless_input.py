"""Files that do not end, and input that says nothing: each command reports them."""

import os
import re

import pytest
from msgspec.structs import fields

from consumers.alerts.notify.targets import problems_of
from consumers.alerts.plan import load_plan
from consumers.alerts.settings import FleetSettings
from edge_agent.commands.piped_answers import LINES, LONGEST, PipedAnswers
from edge_agent.config.anchored import FILES
from edge_agent.config.config import Config
from edge_agent.config.settings import tables
from edge_agent.deliver.catalog import load_sink_type
from edge_agent.errors import ConfigError
from edge_agent.keys import mark

MQTT = '[mqtt]\nurl = "mqtts://a"\nusername = "me"\n'
NAMING = {
    "password_file": MQTT + 'password_file = "{}"',
    "ca": MQTT + 'ca = "{}"',
    "certificate": MQTT + 'certificate = "{}"\nkey = "{}"',
    "url_file": '[[notify]]\nname = "n"\nurl_file = "{}"',
    "web": '[web]\nlisten = "0.0.0.0:1"\npassword_file = "{}"',
    "token_file": '[[sink]]\nname = "s"\nurl = "https://a"\ntoken_file = "{}"',
}
SCHEMES = ["mqtt", "https", "kafka", "amqp", "eventhubs", "sqs+https", "file", "notify"]


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    return tmp_path / "pipe"


@pytest.mark.parametrize("key", NAMING)
def test_a_pipe_that_no_program_writes_is_reported(edge_agent, config, pipe, key):
    done = edge_agent("check", config(NAMING[key].format(pipe, pipe)))
    assert (done.code, "a named pipe" in done.err) == (2, True)


@pytest.mark.parametrize("key", NAMING)
def test_a_device_without_an_end_is_reported(edge_agent, config, key):
    done = edge_agent("check", config(NAMING[key].format("/dev/zero", "/dev/zero")))
    assert (done.code, "more than 1 MB" in done.err) == (2, True)


@pytest.mark.parametrize("content", [b"x\n" * 10_000, b"x" * 100_000, b""])
def test_questions_end_when_the_answers_have_no_end(edge_agent, tmp_path, monkeypatch, content):
    answers, given = tmp_path / "answers", tmp_path / "new.toml"
    answers.write_bytes(content)
    with answers.open(encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        done = edge_agent("init", given, "--simulate", "examples/greenhouse.toml")
    assert done.code == 2
    assert "use --yes, or give the answers as options" in done.err


def test_answers_that_do_not_come_are_not_waited_for():
    reader, writer = os.pipe()
    os.write(writer, b"shed\nhalf")
    answers = PipedAnswers(reader, patience=0)
    assert [answers.readline(), answers.readline()] == ["shed\n", "half"]
    os.close(writer)
    os.close(reader)


def test_answers_end_after_a_line_that_is_too_long_and_after_too_many(tmp_path):
    (tmp_path / "long").write_bytes(b"x" * LONGEST + b"\n")
    (tmp_path / "many").write_bytes(b"\n" * (LINES + 1))
    with (tmp_path / "long").open("rb") as file:
        assert PipedAnswers(file.fileno()).readline() == ""
    with (tmp_path / "many").open("rb") as file:
        answers = PipedAnswers(file.fileno())
        assert [answers.readline() for _ in range(LINES + 1)] == ["\n"] * LINES + [""]


def named_files():
    kinds = [kind for whole in (Config, FleetSettings) for _, kind in tables(whole)]
    kinds += [load_sink_type(scheme).options for scheme in SCHEMES]
    return [(kind, one) for kind in kinds for one in fields(kind) if FILES.fullmatch(one.name)]


def test_every_key_that_names_a_file_says_so():
    unmarked = [(kind, one.name) for kind, one in named_files() if mark(one).get("names") != "file"]
    assert unmarked == []
    assert len(named_files()) > 10


@pytest.mark.parametrize("key", ["ca", "token_file", "url_file"])
def test_a_file_of_a_target_that_is_missing_has_its_line(tmp_path, key):
    url = "" if key == "url_file" else 'url = "https://a/x"\n'
    path = tmp_path / "rules.toml"
    path.write_text(f'[[notify]]\nname = "n"\nformat = "webhook"\n{url}{key} = "/etc/nowhere/x"\n')
    with pytest.raises(ConfigError) as caught:
        load_plan(path, problems_of)
    (line,) = caught.value.problems
    number = 4 + bool(url)
    assert re.match(rf"{path}:{number}: notify\.n\.{key}( = |: ).*No such file", line)
