"""Programs that nobody here wrote, which read what the sinks have sent."""

import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path.home() / ".cache/edge-agent-tests"


def environment(name, *packages):
    """Return the Python of an environment with these packages, installed if it is not there."""
    folder = CACHE / f"venv-{name}"
    python = folder / "bin/python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
        subprocess.run([str(python), *install], check=True)
        (folder / "complete").touch()
    return python


def node_folder(name, *packages):
    """Return a folder with these packages of Node, installed if it is not there."""
    folder = CACHE / name
    if not folder.exists():
        assert shutil.which("npm"), "npm is missing: apt install npm"
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
        subprocess.run([*install, *packages], check=True, cwd=part)
        part.rename(folder)
    return folder
