"""The example plug-in of docs/adding-a-driver.md, installed as a user would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = "examples/edge-agent-hdc1008"
CONFIG = """
[[device]]
name = "air"
driver = "hdc1008"
"""


@pytest.fixture(scope="module")
def with_plugin(root, tmp_path_factory):
    """A function: run a command in an environment in which the package is installed."""
    place = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--target", str(place)]
    subprocess.run([*pip, *offline, str(root / PLUGIN)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(place)}

    def run(*command):
        return subprocess.run(
            [sys.executable, "-m", *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run


def test_the_packages_own_tests_pass_with_the_contract(with_plugin, root):
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider"]
    done = with_plugin(
        "pytest", *options, f"--rootdir={root / PLUGIN}", str(root / PLUGIN / "tests")
    )
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


def pieces_of_the_page():
    root = Path(__file__).parents[1]
    page = (root / "docs/adding-a-driver.md").read_text()
    return re.findall(r"```(?:python|toml)\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("piece", pieces_of_the_page())
def test_the_pages_code_is_the_packages(piece, root):
    files = [*(root / PLUGIN).rglob("*.py"), root / PLUGIN / "pyproject.toml"]
    assert any(piece in file.read_text() for file in files)


def test_its_driver_is_listed(with_plugin):
    done = with_plugin("edge_agent", "drivers")
    assert "hdc1008  (i2c 0x40…0x43)  Texas Instruments HDC1008" in done.stdout


def test_its_chip_is_simulated_and_measured(with_plugin, tmp_path):
    config = tmp_path / "plugin.toml"
    config.write_text(CONFIG)
    done = with_plugin("edge_agent", "read", "air", "-c", str(config), "--simulate")
    assert done.returncode == 0, done.stderr
    assert "temperature" in done.stdout


def test_its_chip_is_recognised_by_a_scan(with_plugin, tmp_path):
    config = tmp_path / "plugin.toml"
    config.write_text(CONFIG)
    done = with_plugin("edge_agent", "scan", "--simulate", str(config))
    assert 'HDC1008 (driver = "hdc1008", identified)' in done.stdout
