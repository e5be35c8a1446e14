"""Ctrl-C and SIGTERM as a request to stop."""

import signal
import threading


def stop_at_signals() -> threading.Event:
    """Return an event that Ctrl-C or SIGTERM sets; a second signal ends the process at once."""
    stopping = threading.Event()

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping
