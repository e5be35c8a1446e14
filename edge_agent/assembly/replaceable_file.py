"""The file of the configuration, replaced so that a power cut leaves the old or the new one whole.

Until the new one has proved itself, the old one stays beside it: a start that finds it there takes
it back.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from edge_agent.blueprint.checked import checked
from edge_agent.config.source import STANDARD_INPUT
from edge_agent.directories import followed, sync_directory
from edge_agent.errors import AgentError, ConfigError
from edge_agent.private_files import create


class ReplaceableFile:
    """The file at `path`; a new text is a candidate, then on trial, then kept or taken back."""

    def __init__(self, path: Path) -> None:
        self._named = path
        self.path = path if path == STANDARD_INPUT else followed(path)
        self.candidate = self.path.with_name(f".{self.path.name}.new")
        self._before = self.path.with_name(f".{self.path.name}.before")

    def text(self) -> str:
        """Return what is in force; raise AgentError."""
        if self.path == STANDARD_INPUT:
            raise AgentError("the configuration is standard input", "start the agent with a file")
        return self.path.read_text(encoding="utf-8-sig")

    def write_candidate(self, text: str) -> None:
        """Write a text beside the file, with its owner and mode; raise AgentError or OSError."""
        self.text()
        self.drop_candidate()
        found = self.path.stat()
        try:
            file = create(self.candidate, found.st_mode & 0o777)
        except OSError as error:
            remedy = "let the agent's user write there, and `sudo systemctl edit edge-agent`"
            what = f"{self.path.parent}: {error.strerror}"
            raise AgentError(
                what, f"{remedy}: [Service] ReadWritePaths={self.path.parent}"
            ) from None
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            with suppress(OSError):
                os.fchown(stream.fileno(), found.st_uid, found.st_gid)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())

    def check_candidate(self, overrides: Iterable[str]) -> None:
        """Raise ConfigError if the candidate is wrong, with the name of the file itself."""
        try:
            checked(self.candidate, overrides)
        except ConfigError as error:
            there, here = str(self.candidate), str(self._named)
            lines = (line.replace(there, here) for line in error.problems)
            raise ConfigError(tuple(lines)) from None

    def drop_candidate(self) -> None:
        """Remove a candidate, if there is one."""
        self.candidate.unlink(missing_ok=True)

    def try_candidate(self) -> None:
        """Put the candidate in the file's place; the old one stays beside it."""
        self._before.unlink(missing_ok=True)
        os.link(self.path, self._before)
        sync_directory(self.path.parent)
        self.candidate.replace(self.path)
        sync_directory(self.path.parent)

    def keep(self) -> None:
        """End the trial: the new one stays."""
        self._before.unlink(missing_ok=True)
        sync_directory(self.path.parent)

    def take_back(self) -> bool:
        """End the trial: the old one is back; return whether there was a trial."""
        try:
            self._before.replace(self.path)
        except OSError:  # there was none, or this user may not write there
            return False
        sync_directory(self.path.parent)
        return True
