"""The signals of a running agent, from its first moment to its last.

Ctrl-C or SIGTERM stop cleanly, a second one at once; SIGHUP reads the configuration again, unless
it reports that the terminal has been closed: this stops as Ctrl-C does.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from edge_agent.assembly.control import RELOAD, STOP, Control


@contextmanager
def interruption() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C or SIGTERM sets; a second signal ends the process at once."""
    interrupted = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        interrupted.set()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals() -> Iterator[Control]:
    """Yield what signals arrive at: one that comes before the agent runs is not lost.

    At the end SIGHUP is ignored, for the time until the process has ended.
    """
    control = Control()
    # A program started by nohup outlives its terminal: its user said so.
    attended = _has_terminal() and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second signal ends the process at once
        control.put(STOP)

    def reload(_number: int, _frame: FrameType | None) -> None:
        closed = attended and not _has_terminal()
        control.put(STOP if closed else RELOAD)

    signal.signal(signal.SIGHUP, reload)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        yield control
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _has_terminal() -> bool:
    """Return whether the process has a controlling terminal; none, once it has been closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
