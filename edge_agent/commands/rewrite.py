"""A change of the configuration's file, which is written only if it passes `check`."""

from collections.abc import Callable, Iterable
from pathlib import Path

from edge_agent.assembly.replaceable_file import ReplaceableFile
from edge_agent.errors import AgentError

MARK = "\ufeff"  # of byte order, which some editors write first
FORM = "the file writes this table in a form that has no place for the lines"


def rewrite(
    config: Path, change: Callable[[str], str | None], overrides: Iterable[str] = ()
) -> None:
    """Replace the text of a file by what `change` makes of it; the owner and mode stay.

    Otherwise the file is unchanged: raise ConfigError if the text does not pass `check`, and
    another AgentError if there is none or it cannot be written.
    """
    file = ReplaceableFile(config)
    try:
        file.text()
        _replace(file, change, overrides)
    except OSError as error:
        raise AgentError(f"{config}: {error.strerror}; use sudo") from error


def _replace(
    file: ReplaceableFile, change: Callable[[str], str | None], overrides: Iterable[str]
) -> None:
    text = file.path.read_bytes().decode()
    mark = MARK * text.startswith(MARK)
    fresh = change(text.removeprefix(MARK))
    if fresh is None:
        raise AgentError(f"{file.path}: {FORM}")
    file.write_candidate(mark + fresh)
    try:
        _check_owner(file)
        file.check_candidate(overrides)
        file.try_candidate()
        file.keep()
    finally:
        file.drop_candidate()


def _check_owner(file: ReplaceableFile) -> None:
    before, after = file.path.stat(), file.candidate.stat()
    if (before.st_uid, before.st_gid) != (after.st_uid, after.st_gid):
        raise AgentError(f"{file.path}: it belongs to another user; use sudo")
