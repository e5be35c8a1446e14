"""The command `config`: shows, checks and replaces the file of the configuration.

A new one is on trial until the broker has acknowledged an event that was published under it; if
that takes too long, the old one comes back.
"""

import hashlib
import logging
import time
import tomllib
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple, TypeAlias

from edge_agent.assembly.flow import Flow
from edge_agent.assembly.replaceable_file import ReplaceableFile
from edge_agent.blueprint.sinks import MQTT
from edge_agent.config.origin import ConfigOrigin
from edge_agent.errors import AgentError, ConfigError
from edge_agent.evaluate.commands.command import Configure
from edge_agent.events import lifecycle
from edge_agent.keys import REDACTED
from edge_agent.store.reader import LogReader

TRIAL_SECONDS = 50.0  # an answer is due after a minute
MOST_PROBLEMS = 20

End: TypeAlias = Callable[[dict[str, Any] | None, str], None]

_logger = logging.getLogger(__name__)


class Trial(NamedTuple):
    """What ends the command, the log's last offset before, and when there is no more time."""

    end: End
    offset: int
    deadline: float


class RemoteConfiguration:
    """Owned by the main thread; `reload` puts the file in force, or raises AgentError."""

    def __init__(
        self,
        origin: ConfigOrigin,
        reload: Callable[[], dict[str, Any]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = origin
        self._file = ReplaceableFile(origin.file)
        self._reload = reload
        self._monotonic = monotonic
        self._trial: Trial | None = None

    def carry_out(self, command: Configure, flow: Flow, end: End) -> None:
        """Do what a command asks for, and call `end`, at once or later; raise AgentError."""
        if command.action == "get":
            end(self._shown(), "")
            return
        if self._trial is not None:
            raise AgentError("another configuration is on trial", "try again in a minute")
        self._check(command.text)
        if command.action == "check":
            self._file.drop_candidate()
            end({"sha256": fingerprint(command.text)}, "")
        else:
            self._try(flow, end)

    def step(self, flow: Flow) -> None:
        """End the trial if its outcome is known."""
        trial = self._trial
        if trial is None:
            return
        if _acknowledged(flow) > trial.offset:
            self._file.keep()
            self._end({"sha256": fingerprint(self._file.text())}, "")
        elif self._monotonic() >= trial.deadline:
            self._file.take_back()
            self._end(None, self._rolled_back(flow))

    def _shown(self) -> dict[str, Any]:
        from edge_agent.doctor.instruments.redaction import Redaction  # noqa: PLC0415
        from edge_agent.doctor.instruments.secret_keys import secret_values  # noqa: PLC0415

        text = self._file.text()
        secrets = sorted(map(str, secret_values(tomllib.loads(text))), key=len, reverse=True)
        shown = Redaction(tuple(filter(None, secrets))).redact(text)
        return {"text": shown, "sha256": fingerprint(text)}

    def _check(self, text: str) -> None:
        """Write the candidate and check it; raise AgentError, and remove it, if it is wrong."""
        if REDACTED in text:
            raise AgentError(
                f"there is {REDACTED} in place of a secret", "write what it stands for"
            )
        self._file.write_candidate(text)
        try:
            self._file.check_candidate(self._origin.overrides)
        except ConfigError as error:
            self._file.drop_candidate()
            raise AgentError("; ".join(error.problems[:MOST_PROBLEMS])) from None

    def _try(self, flow: Flow, end: End) -> None:
        self._file.try_candidate()
        try:
            self._reload()
        except AgentError:
            self._file.take_back()
            raise
        self._trial = Trial(end, _last_offset(flow), self._monotonic() + TRIAL_SECONDS)

    def _rolled_back(self, flow: Flow) -> str:
        """Put the old configuration in force again; return what to answer."""
        reason = f"the broker acknowledged nothing within {TRIAL_SECONDS:g} s: the old one is back"
        _logger.error("the new configuration is taken back: %s", reason)
        flow.records.put(lifecycle(flow.clock.now(), "configuration_taken_back"))
        try:
            self._reload()
        except AgentError as error:
            return f"{reason}, and is not in force: {error}"
        return reason

    def _end(self, result: dict[str, Any] | None, reason: str) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            trial.end(result, reason)


def fingerprint(text: str) -> str:
    """Return by what a text is known again."""
    return hashlib.sha256(text.encode()).hexdigest()


def _last_offset(flow: Flow) -> int:
    with closing(LogReader(flow.log_path)) as reader:
        return reader.last_offset()


def _acknowledged(flow: Flow) -> int:
    """Return the last offset that the broker of `[mqtt]` has acknowledged."""
    with closing(LogReader(flow.log_path)) as reader:
        account = reader.accounts().get(MQTT)
    return account.cursor if account else 0
