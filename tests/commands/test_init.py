import io
import stat
import tomllib
from pathlib import Path

import pytest

from edge_agent.commands import init

GREENHOUSE = Path(__file__).parent.parent.parent / "examples/greenhouse.toml"
SIMULATED = ("--simulate", GREENHOUSE)


@pytest.fixture
def ambiguous(config):
    """A machine with one chip that does not say what it is."""
    text = 'node = "n"\n[[device]]\nname = "t"\ndriver = "lm75"\naddress = 0x48\nevery = "1s"\n'
    return config(text, "machine.toml")


def drivers(path):
    return [device["driver"] for device in tomllib.loads(path.read_text()).get("device", [])]


def test_what_it_writes_passes_check_and_reads_the_chips_found(edge_agent, tmp_path):
    path = tmp_path / "new/agent.toml"
    done = edge_agent("init", path, "--yes", *SIMULATED)
    assert (done.code, edge_agent("check", path).code) == (0, 0)
    assert {"sht4x", "bme280", "ds18b20"} <= set(drivers(path))
    assert "mosquitto_sub -h localhost -t 'edge/#' -v" in done.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_it_asks_for_name_and_broker(edge_agent, tmp_path, monkeypatch, answers):
    answers("attic", "mqtt://broker.lan")
    path = tmp_path / "agent.toml"
    done = edge_agent("init", path, *SIMULATED)
    assert done.code == 0
    written = tomllib.loads(path.read_text())
    assert (written["node"], written["mqtt"]["url"]) == ("attic", "mqtt://broker.lan")
    assert "mosquitto_sub -h broker.lan" in done.out


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (("my shed!", "shed"), 'write "my_shed"; wanted: name of this machine'),
        (("shed", "broker.lan"), "there is no scheme; write mqtt:// or mqtts://"),
        (("shed", "mqtt://my broker"), "there is a space in it; remove it"),
        (("shed", "mqtt://me:s3cret@broker.lan"), "leave the password out"),
    ],
)
def test_a_wrong_answer_is_asked_for_again(edge_agent, tmp_path, monkeypatch, wrong, remedy):
    lines = [*wrong, "mqtt://me@broker.lan", *[""] * 10]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    done = edge_agent("init", tmp_path / "agent.toml", "--no-web", *SIMULATED)
    assert remedy in done.err
    written = tomllib.loads((tmp_path / "agent.toml").read_text())
    assert (written["node"], written["mqtt"]["username"]) == ("shed", "me")


@pytest.mark.parametrize("yes", ["y", "Yes", "on", "1"])
def test_what_is_neither_yes_nor_no_is_asked_for_again(edge_agent, tmp_path, monkeypatch, yes):
    lines = ["shed", "", "perhaps", yes, *[""] * 10]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    done = edge_agent("init", tmp_path / "agent.toml", "--no-web", *SIMULATED)
    assert "Show it in Home Assistant [y/N]: " in done.err
    assert done.err.count("Error: answer y or n\n") == 1
    written = tomllib.loads((tmp_path / "agent.toml").read_text())
    assert written["home_assistant"] == {"enabled": True}


@pytest.fixture
def answers(monkeypatch):
    """A function: what the user types, in the order of the questions."""

    def give(*words, yes=False):
        rest = list(words)

        def prompt(question, default, **_):
            if question.endswith("[y/N]"):
                return yes
            return rest.pop(0) if rest else default

        monkeypatch.setattr("click.prompt", prompt)

    return give


@pytest.mark.parametrize("yes", [True, False])
def test_it_asks_whether_home_assistant_is_to_find_it(edge_agent, tmp_path, answers, yes):
    answers("attic", "mqtt://broker.lan", yes=yes)
    path = tmp_path / "agent.toml"
    assert edge_agent("init", path, *SIMULATED).code == 0
    assert tomllib.loads(path.read_text()).get("home_assistant") == (
        {"enabled": True} if yes else None
    )


@pytest.mark.parametrize("yes", [True, False])
def test_it_asks_whether_there_is_to_be_a_page(edge_agent, tmp_path, answers, yes):
    answers("attic", "mqtt://broker.lan", yes=yes)
    path = tmp_path / "agent.toml"
    done = edge_agent("init", path, *SIMULATED)
    listen = tomllib.loads(path.read_text()).get("web", {}).get("listen", "")
    assert listen == ("127.0.0.1:8080" if yes else "")
    assert ("open http://127.0.0.1:8080/" in done.out) == yes


def test_it_asks_nothing_about_a_page_that_is_not_installed(
    edge_agent, tmp_path, answers, monkeypatch
):
    monkeypatch.setattr("edge_agent.commands.init.find_spec", lambda _: None)
    answers("attic", "mqtt://broker.lan", yes=True)
    path = tmp_path / "agent.toml"
    assert edge_agent("init", path, *SIMULATED).code == 0
    assert "web" not in tomllib.loads(path.read_text())


def test_it_asks_about_a_chip_that_does_not_identify_itself(
    edge_agent, tmp_path, ambiguous, answers
):
    answers("attic", "mqtt://b", "lm75")
    path = tmp_path / "agent.toml"
    assert edge_agent("init", path, "--simulate", ambiguous).code == 0
    assert "lm75" in drivers(path)


def test_without_questions_such_a_chip_stays_a_comment(edge_agent, tmp_path, ambiguous):
    path = tmp_path / "agent.toml"
    assert edge_agent("init", path, "--yes", "--simulate", ambiguous).code == 0
    assert "lm75" not in drivers(path)
    assert "An unidentified chip" in path.read_text()


def test_yes_asks_nothing(edge_agent, tmp_path, monkeypatch):
    monkeypatch.setattr("click.prompt", lambda *_, **__: pytest.fail("a question"))
    assert edge_agent("init", tmp_path / "agent.toml", "--yes", *SIMULATED).code == 0


def test_an_existing_file_is_kept_unless_forced(edge_agent, config):
    path = config("mine")
    done = edge_agent("init", path, "--yes", *SIMULATED)
    assert (done.code, path.read_text()) == (2, "mine")
    assert "--force" in done.err
    assert edge_agent("init", path, "--yes", "--force", *SIMULATED).code == 0
    assert path.read_text() != "mine"


def test_standard_output_has_the_configuration_alone(edge_agent):
    done = edge_agent("init", "-", "--yes", *SIMULATED)
    assert tomllib.loads(done.out)["device"]


def test_an_invalid_name_is_refused_and_nothing_is_written(edge_agent, tmp_path):
    done = edge_agent("init", tmp_path / "a.toml", "--yes", "--node", "green house", *SIMULATED)
    assert done.code == 2
    assert "green house" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_protected_directory_is_reported_with_the_remedy(edge_agent, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(init.os, "open", refuse)
    done = edge_agent("init", tmp_path / "a.toml", "--yes", *SIMULATED)
    assert (done.code, "sudo" in done.err) == (2, True)


def test_a_place_that_cannot_be_written_is_named_before_any_question(edge_agent, monkeypatch):
    monkeypatch.setattr("click.prompt", lambda *_, **__: pytest.fail("asked"))
    done = edge_agent("init", "/dev/null/agent.toml", *SIMULATED)
    assert (done.code, done.err) == (2, "/dev/null: not a directory; name another file\n")
    monkeypatch.setattr(init.os, "access", lambda *_: False)
    done = edge_agent("init", "/etc/edge-agent/nowhere.toml")
    assert done.code == 2
    assert "permission denied; use sudo, or name a file of your own" in done.err


def test_what_fails_while_it_is_written_is_one_line(edge_agent):
    done = edge_agent("init", "/proc/agent.toml", "--yes", *SIMULATED)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("/proc/agent.toml.new: No such file or directory;")


def test_it_prints_only_what_passes_check(edge_agent):
    done = edge_agent("init", "-", "--yes", "--broker", "tcp://a", *SIMULATED)
    assert (done.code, done.out) == (2, "")
    assert "draft:7: mqtt.url" in done.err
    done = edge_agent("init", "-", "--yes", *SIMULATED)
    assert (done.code, tomllib.loads(done.out)["mqtt"]["url"]) == (0, "mqtt://localhost")


def test_an_input_that_ends_before_the_answers_is_explained(edge_agent, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    done = edge_agent("init", tmp_path / "agent.toml", *SIMULATED)
    assert done.code == 2
    assert "use --yes, or give the answers as options" in done.err
