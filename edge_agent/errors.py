"""What the agent itself raises; sensors have their own tree in `drivers.base.errors`.

AgentError                  one clear line: what, and what to do
├── ConfigError             exit code 2: the configuration has problems, all listed
│   └── PieceError          pieces of one text in it have problems
├── HardwareError           exit code 3: a bus or pin that the configuration names is not there
├── LogError                exit code 4: the event log cannot be used as it is
├── MissingPackage          something configured needs a package that is not installed
├── SinkUnavailable         keep the events and try again later
├── EventRejected           the destination refused events: record it and step over
├── UnfitEvent              an event does not fit its schema: refuse it
├── CommandError            a command over MQTT has no effect: the reason for its sender
└── SimulationError         exit code 5: the simulation cannot start (a port in use, no broker)
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar


class AgentError(Exception):
    """Anything that ends a command with one clear line."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}: {remedy}" if remedy else what)


class ConfigError(AgentError):
    """The configuration cannot be used; `problems` holds one line for each reason."""

    exit_code = 2

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class PieceError(ConfigError):
    """Pieces of a text cannot be used; `offsets` are where they begin in its words.

    The words are a space apart, however the text is broken into lines.
    """

    def __init__(self, problems: tuple[str, ...], offsets: tuple[int, ...] = (0,)) -> None:
        super().__init__(problems)
        self.offsets = offsets


def pieces(error: ConfigError) -> Iterator[tuple[str, int | None]]:
    """Yield each problem of an error, and where its piece of the text begins, if that is known."""
    offsets = error.offsets if isinstance(error, PieceError) else [None] * len(error.problems)
    return zip(error.problems, offsets, strict=True)


class HardwareError(AgentError):
    """A bus, pin or kernel interface that the configuration names is not there."""

    exit_code = 3


class LogError(AgentError):
    """The event log cannot be opened, or another process writes it."""

    exit_code = 4


class CommandError(AgentError):
    """A command cannot have an effect; the text is the reason for its sender."""


class SimulationError(AgentError):
    """The simulation cannot start."""

    exit_code = 5


class MissingPackage(AgentError):
    """Something configured needs a package that is not installed; `extra` installs it."""

    def __init__(self, package: str, extra: str) -> None:
        what = f"the package {package} is not installed"
        super().__init__(what, f"pip install 'edge-agent[{extra}]'")


class SinkUnavailable(AgentError):
    """The destination cannot take events now: keep them, back off, try again."""


class EventRejected(AgentError):
    """The destination settled the batch but refused some events for good.

    `settled` leading events of the batch need no second try; `refused` maps the offsets among
    them that the destination does not want to its reason.
    """

    def __init__(self, settled: int, refused: Mapping[int, str]) -> None:
        self.settled = settled
        self.refused = dict(refused)
        super().__init__(f"{len(refused)} events refused: {next(iter(refused.values()), '')}")


class UnfitEvent(AgentError):
    """An event does not fit its schema, so that it cannot be encoded; the text says why."""
