"""The files that a newcomer meets first say what is there."""

import os
import re
import subprocess
import tomllib

import pytest
import yaml

FORMS = ["bug.yml", "feature.yml", "sensor.yml"]


@pytest.fixture
def makefile(root):
    return (root / "Makefile").read_text()


@pytest.fixture
def workflow(root):
    [job] = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())["jobs"].values()
    return job


def make(root, *words):
    return subprocess.run(
        ["make", "--no-print-directory", *words],  # the tests may run below another make
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    ).stdout


def targets(makefile):
    return re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()


def test_make_alone_lists_every_target_with_a_line_about_it(root, makefile):
    lines = [re.fullmatch(r"make (\S+)\s+(\S.*)", line) for line in make(root).splitlines()]
    assert sorted(line[1] for line in lines) == sorted(targets(makefile))


def test_no_line_of_the_help_is_wider_than_a_page(root):
    assert max(map(len, make(root).splitlines())) <= 100


def test_every_target_that_is_no_file_is_phony(makefile):
    named = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    assert sorted(named) == sorted(targets(makefile))


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "docs/releasing.md"])
def test_a_page_names_only_targets_that_exist(root, makefile, page):
    named = set(re.findall(r"\bmake ([a-z-]+)(?=[`\n ])", (root / page).read_text()))
    assert named
    assert named <= set(targets(makefile))


def test_the_fast_tests_leave_out_only_what_exists(root, makefile):
    joined = makefile.replace("\\\n", " ")
    left_out = re.search(r"^SLOW := (.*)$", joined, re.MULTILINE)[1].split()
    assert [name for name in left_out if not (root / "tests" / name).exists()] == []


def test_the_workflow_runs_what_a_merge_must_pass(root, workflow):
    assert any(".ci/run" in step.get("run", "") for step in workflow["steps"])
    assert "make test\n" in (root / ".ci/run").read_text()


def test_the_workflow_begins_with_the_oldest_python_that_is_supported(root, workflow):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert f">={workflow['strategy']['matrix']['python'][0]}" == project["requires-python"]


@pytest.mark.parametrize("script", ["run", "nightly"])
def test_a_script_of_ci_can_be_run_and_uses_targets_that_exist(root, makefile, script):
    path = root / ".ci" / script
    named = re.findall(r"^make (\S+)$", path.read_text(), re.MULTILINE)
    assert os.access(path, os.X_OK)
    assert named
    assert set(named) <= set(targets(makefile))


@pytest.mark.parametrize("form", FORMS)
def test_a_form_for_issues_asks_each_question_once(root, form):
    parsed = yaml.safe_load((root / ".github/ISSUE_TEMPLATE" / form).read_text())
    asked = [question["id"] for question in parsed["body"]]
    assert parsed["name"]
    assert parsed["description"]
    assert len(asked) == len(set(asked)) > 0


def test_a_bug_report_asks_for_what_a_diagnosis_needs(root):
    parsed = yaml.safe_load((root / ".github/ISSUE_TEMPLATE/bug.yml").read_text())
    needed = {q["id"]: q for q in parsed["body"] if q.get("validations", {}).get("required")}
    assert needed.keys() >= {"happened", "expected", "version", "bundle"}
    assert "edge-agent doctor --bundle" in needed["bundle"]["attributes"]["description"]


def test_hooks_before_a_commit_use_the_tools_of_make_lint_and_fetch_nothing(root):
    [repository] = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    linted = re.findall(r"^\.venv/bin/.*$", make(root, "-n", "lint"), re.MULTILINE)
    checked = {line.removesuffix(" .") for line in linted if "pip" not in line}
    assert {hook["entry"] for hook in repository["hooks"]} == checked


STAND_IN = """#!/bin/sh
echo "$0 $*" >> calls
case "$*" in *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/pip;; esac
"""


@pytest.fixture
def install_demo(root, tmp_path, monkeypatch):
    """A function: install with stand-ins for these programs; return what is said, and the calls."""
    (tmp_path / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    (tmp_path / "bin").mkdir()

    def install(*programs):
        for name in programs:
            (tmp_path / "bin" / name).write_text(STAND_IN)
            (tmp_path / "bin" / name).chmod(0o755)
        words = ["sh", root / ".ci/install-demo", tmp_path / "bin/python"]
        path = f"{tmp_path}/bin:/usr/bin:/bin"
        done = subprocess.run(
            words, capture_output=True, text=True, check=True, cwd=tmp_path, env={"PATH": path}
        )
        return done.stdout.splitlines(), (tmp_path / "calls").read_text().splitlines()

    return install


@pytest.mark.parametrize("programs", [("python", "uv"), ("python",)])
def test_the_demo_says_what_it_installs_and_installs_only_wheels(install_demo, programs):
    said, calls = install_demo(*programs)
    assert any(line.startswith("installing with") and "msgspec" in line for line in said)
    assert [" --only-binary :all: " in call for call in calls if " install " in call] == [True]


def test_the_demo_is_installed_with_uv_if_there_is_one(install_demo):
    said, calls = install_demo("python", "uv")
    assert said[0].startswith("installing with uv")
    assert [call.split()[0].rpartition("/")[2] for call in calls][-1] == "uv"


def test_the_demo_speaks_before_it_works(install_demo):
    said, _ = install_demo("python")
    assert said[0].startswith("making .venv for")


def test_the_embedded_broker_is_installed_only_where_there_is_no_mosquitto(install_demo):
    _, calls = install_demo("python", "uv", "mosquitto")
    assert calls[-1].endswith("-e .[demo]")


def test_the_wheel_carries_every_configuration_of_the_examples_and_no_program(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    shipped = {source: target for source, target in included.items() if "examples" in source}
    assert shipped == {source: f"edge_agent/{source}" for source in shipped}
    files = {str(path.relative_to(root)) for path in (root / "examples").rglob("*.toml")}
    wanted = {name for name in files if not name.endswith("pyproject.toml")}
    assert {name for name in shipped if name.endswith(".toml")} == wanted
    folders = [root / name for name in shipped if (root / name).is_dir()]
    assert [path for folder in folders for path in folder.rglob("*.py")] == []
