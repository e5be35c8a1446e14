"""Docs and examples are true: they are made from the code, or run."""

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from consumers.cli import cli as edge_consumer
from drivers.base import i2c
from edge_agent.blueprint import resolve
from edge_agent.cli import cli
from simulators import sht4x as models
from simulators.bus import SimulatedBus
from simulators.clock import RealClock

ROOT = Path(__file__).parent.parent
REFERENCE = runpy.run_path(str(ROOT / "docs/reference.py"))
PAGES, rewritten = REFERENCE["PAGES"], REFERENCE["rewritten"]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FLEET_ALERTS = ROOT / "examples/fleet-alerts.toml"  # tests/consumers/alerts runs it
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").glob("*.toml"))
    if path.name.count(".") == 1 and path != FLEET_ALERTS
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
def test_the_generated_parts_of_a_page_say_what_the_code_says(page):
    written = (ROOT / "docs" / page).read_text()
    assert rewritten(written, PAGES[page]()) == written, "run `make docs`"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_place_for_every_part(page):
    written = (ROOT / "docs" / page).read_text()
    places = re.findall("<!-- generated: (.+?) -->", written)
    assert sorted(places) == sorted(PAGES[page]()), "write about it in the page"
    assert written.count("<!-- end -->") == len(places)


def test_only_generated_parts_are_rewritten():
    page = "before\n<!-- generated: a -->\nold\n<!-- end -->\nafter\n"
    written = rewritten(page, {"a": "new"})
    assert written == "before\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\nafter\n"
    assert rewritten(written, {"a": "new"}) == written


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


MADE_OF_THE_CODE = ["CONTRIBUTING.md", "docs/architecture.md"]


@pytest.mark.parametrize("page", MADE_OF_THE_CODE)
def test_a_file_that_a_page_names_exists(page):
    named = re.findall(
        r"`((?:edge_agent|drivers|simulators|consumers|tests|docs)/[\w./-]*)`", text_of(page)
    )
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", MADE_OF_THE_CODE)
def test_a_class_or_constant_that_a_page_names_exists(page):
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)*|[A-Z_]{4,})[`.]", text_of(page)))
    folders = ("edge_agent", "drivers", "simulators", "consumers", "tests")
    code = "\n".join(path.read_text() for name in folders for path in (ROOT / name).rglob("*.py"))
    assert named
    assert named <= set(re.findall(r"^(?:class )?([A-Z]\w+)\b", code, re.MULTILINE))


def text_of(page):
    return (ROOT / page).read_text()


AVOIDED = (
    *("anew", "goes on", "lets go", "mend", "nobody"),
    *("somebody", "tell whether", "told", "whoever"),
)


def english():
    """Everything that we write for readers, except the list of the words to avoid."""
    for folder in ("edge_agent", "drivers", "simulators", "consumers"):
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield from (text for text in TEXTS if text.name != "CONTRIBUTING.md")
    yield ROOT / "CHANGELOG.md"
    yield from sorted((ROOT / "examples").rglob("*.toml"))
    yield from sorted((ROOT / "systemd").iterdir())


@pytest.mark.parametrize("word", AVOIDED)
def test_a_word_to_avoid_is_in_no_message_docstring_comment_or_page(word):
    pattern = re.compile(r"\b" + word.replace(" ", r"[\s#]+") + r"\b", re.IGNORECASE)
    found = [str(path.relative_to(ROOT)) for path in english() if pattern.search(path.read_text())]
    assert found == [], f"see `How we write English` in CONTRIBUTING.md: {word!r}"


@pytest.mark.parametrize("word", AVOIDED)
def test_contributing_names_every_word_to_avoid(word):
    section = text_of("CONTRIBUTING.md").split("## How we write English")[1].split("\n## ")[0]
    assert f'"{word}"' in re.sub(r"\s+", " ", section)


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_a_link_leads_to_a_heading_that_exists(text):
    links = re.findall(r"\]\(([^)#:]*?\.md|)#([^)]+)\)", text.read_text())
    pages = {name: text.parent / name if name else text for name, _ in links}
    assert [link for link in links if link[1] not in anchors(pages[link[0]])] == []


def blocks(language, texts=TEXTS):
    for text in texts:
        yield from re.findall(rf"```{language}\n(.*?)```", text.read_text(), re.DOTALL)


@pytest.mark.parametrize("block", list(blocks("toml")))
def test_toml_in_the_docs_is_toml(block):
    assert tomllib.loads(block)


def configurations():
    return list(blocks("toml", [ROOT / "README.md", ROOT / "docs/configuration.md"]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Apprise
@pytest.mark.parametrize("block", configurations())
def test_a_configuration_in_the_docs_passes_check(block, tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for name in re.findall(r"\$CREDENTIALS_DIRECTORY/([\w.-]+)", block):
        (tmp_path / name).write_text("ntfy://topic")
        (tmp_path / name).chmod(0o640)
    file = tmp_path / "config.toml"
    file.write_text(block)
    assert resolve(file)


PROGRAMS = {"edge-agent": cli, "edge-consumer": edge_consumer}


def commands():
    for block in blocks("sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            for name in PROGRAMS.keys() & words[:2]:
                yield words[words.index(name) :]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_a_command_in_the_docs_exists_with_its_options(words):
    command = PROGRAMS[words[0]].get_command(None, words[1])
    below = getattr(command, "commands", {})
    used = [command, *(below[word] for word in words if word in below)]
    known = {name for one in used for option in one.params for name in option.opts}
    assert {word for word in words if re.match("--?[a-z]", word)} <= known


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
