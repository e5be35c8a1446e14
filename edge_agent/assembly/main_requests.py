"""What the main thread is told: to stop, or to do what only it may."""

from typing import NamedTuple

from edge_agent.evaluate.commands.command import Command, Reload

STOP = ""  # any other text is the name of a thread that failed


class MainRequest(NamedTuple):
    """What the main thread does for a command; `key` is for its end."""

    command: Command
    key: str


RELOAD = MainRequest(Reload(), "")  # for a signal
