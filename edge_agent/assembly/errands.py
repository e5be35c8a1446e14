"""What the main thread is told: to stop, or to do what only it may."""

from typing import NamedTuple

from edge_agent.evaluate.commands import Command, Reload

STOP = ""  # any other text is the name of a thread that failed


class Errand(NamedTuple):
    """What the main thread does for a command; `key` is for its end."""

    command: Command
    key: str


RELOAD = Errand(Reload(), "")  # for a signal
