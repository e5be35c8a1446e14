"""Environments of their own for programs whose packages would get in the way of ours."""

import fcntl
import subprocess
import sys

from tests.buses.servers.maven import CACHE


def python_with(name, *packages):
    """Return the Python of an environment with packages; make it if it is not there."""
    folder = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            install = [folder / "bin/python", "-m", "pip", "-q", "install"]
            subprocess.run([*install, *packages], check=True)
            (folder / "complete").touch()
    return folder / "bin/python"
