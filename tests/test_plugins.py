import os
import sys
from importlib.metadata import MetadataPathFinder

import pytest

from edge_agent.plugins import plugins

GROUP = "edge_agent.drivers"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function: install a package that offers a driver, in a folder of packages of its own."""
    packages = tmp_path / "packages"
    packages.mkdir()
    os.utime(packages, (0, 0))  # long ago, for a file system's clock is coarse
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])

    def install(name):
        metadata = packages / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}:Driver\n")

    return install


def test_a_package_that_is_installed_while_the_program_runs_is_found(install):
    assert "late" not in plugins(GROUP).names
    install("late")
    assert "late" in plugins(GROUP).names


def test_packages_are_read_once_as_long_as_none_changes(monkeypatch):
    known = plugins(GROUP)
    monkeypatch.setattr(MetadataPathFinder, "find_distributions", lambda *_: 1 / 0)
    assert plugins(GROUP) is known
    assert {"sht4x", "contact"} <= known.names
