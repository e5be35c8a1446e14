"""The Containerfile, as far as it can be tested without a builder."""

import json
import re
import tomllib

import pytest


@pytest.fixture
def instructions(root):
    """Return (instruction, its words) in order, without comments."""
    text = re.sub(r"^#.*\n", "", (root / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def those(instructions, name):
    return [words for one, words in instructions if one == name]


def test_everything_that_the_wheel_needs_is_copied_and_nothing_else(root, instructions):
    copied = [words.split()[:-1] for words in those(instructions, "COPY") if "--from" not in words]
    sources = {source for words in copied for source in words}
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    packages = wheel["targets"]["wheel"]["packages"]
    forced = wheel["targets"]["wheel"]["force-include"]
    folders = {path.split("/")[0] for path in forced}
    assert sources == {*packages, *folders, "pyproject.toml", "README.md", "LICENSE"}
    assert all((root / source).exists() for source in sources)


def test_both_stages_have_one_base_whose_python_is_tested(instructions, root):
    bases = {words.split()[0] for words in those(instructions, "FROM")}
    assert bases == {"docker.io/library/debian:trixie-slim"}  # Python 3.13
    assert "3.13" in (root / ".github/workflows/ci.yml").read_text()


def test_the_agent_runs_as_a_user_of_its_own_with_a_number(instructions):
    (user,) = those(instructions, "USER")
    assert user == "10001"  # a cluster refuses names, which may be root's
    assert f"--uid {user}" in " ".join(those(instructions, "RUN"))


def test_the_extras_that_are_installed_exist(root, instructions):
    (named,) = re.findall(r"'\.\[(.*?)\]'", " ".join(those(instructions, "RUN")))
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert set(named.split(",")) <= extras.keys()


def test_a_container_runs_the_command_of_the_service_and_takes_others(root, instructions):
    program, command = those(instructions, "ENTRYPOINT") + those(instructions, "CMD")
    unit = (root / "systemd/edge-agent.service").read_text()
    words = " ".join([*json.loads(program), *json.loads(command)])
    assert f"ExecStart=/opt/edge-agent/bin/{words}\n" in unit


def test_state_is_kept_in_the_volume(instructions):
    (volume,) = those(instructions, "VOLUME")
    assert f"STATE_DIRECTORY={volume}" in " ".join(those(instructions, "ENV"))
