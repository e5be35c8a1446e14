"""Docs and examples cannot lie: they are made from the code, or run."""

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from drivers.base import i2c
from simulators import sht4x as models
from simulators.bus import SimulatedBus
from simulators.clock import RealClock

ROOT = Path(__file__).parent.parent
PAGES = runpy.run_path(str(ROOT / "docs/reference.py"))["PAGES"]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    path for path in sorted((ROOT / "examples").glob("*.toml")) if path.name.count(".") == 1
]
CASES = sorted((ROOT / "examples").glob("*.cases.toml"))


def agent(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
        **more,
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_says_what_the_code_says(page):
    written = (ROOT / "docs" / page).read_text()
    assert written == PAGES[page](), "run `make docs`"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_passes_check(example):
    done = agent("check", str(example))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.name)
def test_the_cases_of_an_example_hold(cases):
    config = cases.with_name(cases.name.replace(".cases", ""))
    done = agent("rules", "test", str(cases), "-c", str(config))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_a_link_leads_somewhere(text):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (text.parent / link).exists()] == []


def blocks(language, texts=TEXTS):
    for text in texts:
        yield from re.findall(rf"```{language}\n(.*?)```", text.read_text(), re.DOTALL)


@pytest.mark.parametrize("block", list(blocks("toml")))
def test_toml_in_the_docs_is_toml(block):
    assert tomllib.loads(block)


def commands():
    for block in blocks("sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["edge-agent"]:
                yield words[1:]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_a_command_in_the_docs_exists_with_its_options(words):
    below = [word for word in words if word in {"tail", "stats", "export"}]
    helps = [agent(*words[:1], "--help"), *(agent(words[0], word, "--help") for word in below)]
    assert [done.returncode for done in helps] == [0] * len(helps)
    given = {word for word in words if word.startswith("-")}
    assert given <= set(re.findall(r"--?[a-z-]+", " ".join(done.stdout for done in helps)))


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_readme_names_the_two_commands_that_do_all_set_up(target):
    assert f"make {target}" in (ROOT / "README.md").read_text()
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()


def test_python_in_the_readme_runs(monkeypatch):
    """On a simulated chip in the place of /dev/i2c-1."""
    bus = SimulatedBus(RealClock())
    bus.attach(0x44, models.SHT4x(RealClock()))
    monkeypatch.setattr(i2c, "SMBus", lambda _number: bus)
    (block,) = blocks("python", [ROOT / "README.md"])
    names = {}
    exec(block.replace("read(SHT4x", "values = read(SHT4x"), names)
    assert names["values"].keys() == {"temperature", "humidity"}
