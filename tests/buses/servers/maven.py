"""Jars from Maven: fetched once, into a cache that outlives the checkout."""

import fcntl
import shutil
import subprocess
from pathlib import Path

CACHE = Path.home() / ".cache/edge-agent-tests"


def jars(pom, name):
    """Return the folder with the jars that a pom names, below the cache; fetch them if needed."""
    folder, partial = CACHE / name, CACHE / f"{name}.part"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not folder.exists():
            _fetch(pom, partial)
            partial.rename(folder)
    return folder


def _fetch(pom, folder):
    maven = shutil.which("mvn")
    assert maven, "mvn is missing: apt install maven (make test-buses does it)"
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    done = subprocess.run(
        [maven, "-q", "-B", "-f", str(pom), *goal], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"Maven could not fetch {pom}: {done.stdout}{done.stderr}"
