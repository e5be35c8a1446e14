"""An earlier commit beside this one: `make bench BEFORE=commit` measures both in one run."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.scratch import scratch

HERE = Path(__file__).parent


@contextmanager
def before() -> Iterator[Path | None]:
    """Yield a directory with the earlier agent and today's benchmarks; None if none is named.

    What runs there as `python -m benchmarks.…` measures the earlier agent.
    """
    commit = os.environ.get("BEFORE", "")
    if not commit:
        yield None
        return
    with scratch() as directory:
        tree = directory / "before"
        git = ["git", "-C", str(HERE.parent), "worktree"]
        subprocess.run([*git, "add", "--detach", "-q", str(tree), commit], check=True)
        shutil.copytree(HERE, tree / HERE.name, dirs_exist_ok=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)
