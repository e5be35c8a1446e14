"""Programs that nobody here wrote, which read what the sinks have sent."""

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
