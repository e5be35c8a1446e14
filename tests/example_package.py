"""The files of a package as a page of the documentation has them, and such a package installed."""

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def files_of(page):
    """The page's text, and its files: name and content."""
    text = (DOCS / page).read_text()
    return dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL | re.MULTILINE))


def write(files, directory):
    """Write the files, as a reader of the page does; return the directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return directory


def install(package, place):
    """Install a package; return the environment of a process that has it."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--target", str(place)]
    subprocess.run([*pip, *offline, str(package)], check=True)
    return {**os.environ, "PYTHONPATH": str(place)}


def run_in(environment, *words):
    """Run a module in such an environment; return the finished process."""
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
