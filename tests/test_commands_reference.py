"""Manual pages, completions and the picture of the README are what the programs are now."""

import re
import runpy
import subprocess
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
REFERENCE = runpy.run_path(str(DOCS / "reference.py"))
FILES = REFERENCE["program_files"]()
COMMANDS = runpy.run_path(str(DOCS / "command_tree.py"))["commands"]
PROGRAMS = ["edge-agent", "edge-consumer"]
ASK = """
source "$0"
COMP_WORDS=("$@" "") COMP_CWORD=$#
"_${1//-/_}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_what_is_made_of_the_programs_is_up_to_date(file):
    assert file.read_text() == FILES[file], "run `make docs`"


def test_no_file_is_left_of_a_program_that_is_gone():
    found = {*(DOCS / "man").iterdir(), *(DOCS / "completions").iterdir()}
    assert found == FILES.keys() - {DOCS / "demo.svg"}


def test_the_picture_shows_the_demonstration():
    text = "".join(re.findall(r">([^<]+)<", FILES[DOCS / "demo.svg"]))
    for words in ("scenario: water: unplug", "too_warm firing", "fan on by too_warm", "°C", "▃"):
        assert words in text


def completed(program, *words):
    """What bash offers after these words."""
    script = DOCS / f"completions/{program}.bash"
    command = ["bash", "-c", ASK, script, program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize("program", PROGRAMS)
def test_bash_offers_the_commands_and_options_of_every_command(program):
    for command in COMMANDS(program):
        names = {name for option in command.options for name in option.names}
        assert completed(program, *command.path) == {*command.commands, *names}, command.path


@pytest.mark.parametrize("program", PROGRAMS)
def test_bash_offers_the_choices_of_an_option_and_else_files(program):
    for command in COMMANDS(program):
        for option in command.options:
            for name in option.names if option.takes else ():
                assert completed(program, *command.path, name) == set(option.choices)


def test_bash_knows_a_command_behind_the_options_before_it():
    assert "--since" in completed("edge-agent", "-c", "a.toml", "log", "tail")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_other_shells_know_every_option(program, shell):
    """These shells are not installed where the tests run, so their scripts are only read."""
    script = (DOCS / f"completions/{program}.{shell}").read_text()
    for command in COMMANDS(program):
        for name in (name for option in command.options for name in option.names):
            flag = "l" if name.startswith("--") else "s"
            written = name if shell == "zsh" else f" -{flag} {name.lstrip('-')} "
            assert written in script


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_manual_page_has_a_section_for_every_command(program):
    text = (DOCS / f"man/{program}.1").read_text().replace("\\-", "-")
    for command in list(COMMANDS(program))[1:]:
        assert f".SS {' '.join(command.path)}\n" in text
        assert all(name in text for option in command.options for name in option.names)
