"""An earlier commit beside this one: `make bench BEFORE=commit` measures both in one run."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.part import failure, measured
from benchmarks.row import Row
from benchmarks.scratch import scratch

HERE = Path(__file__).parent


class Before:
    """The earlier agent, if there is one: once with today's benchmarks, once with its own."""

    def __init__(self, trees: tuple[Path, ...] = ()) -> None:
        self._trees = trees

    def rows(self, name: str) -> list[Row]:
        """Measure a part, with its own benchmarks if today's do not run with the earlier agent."""
        found: list[Row] = []
        for tree in self._trees:
            rows = [*measured(name, tree)]
            if not rows or rows[-1].name != failure(name):
                return rows
            found = max(found, rows[:-1], key=len)
        return found


@contextmanager
def before() -> Iterator[Before]:
    """Yield the agent of the commit that the environment names as BEFORE."""
    commit = os.environ.get("BEFORE", "")
    with ExitStack() as stack:
        trees = [stack.enter_context(_tree(commit, keep=keep)) for keep in (False, True) if commit]
        yield Before(tuple(trees))


@contextmanager
def _tree(commit: str, *, keep: bool) -> Iterator[Path]:
    """Check a commit out, with today's benchmarks; `keep` those that it has itself."""
    with scratch() as directory:
        tree = directory / "before"
        git = ["git", "-C", str(HERE.parent), "worktree"]
        subprocess.run([*git, "add", "--detach", "-q", str(tree), commit], check=True)
        own = {path.name for path in (tree / HERE.name).iterdir() if keep}
        for path in HERE.iterdir():
            if path.is_file() and path.name not in own:
                shutil.copy(path, tree / HERE.name)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)
