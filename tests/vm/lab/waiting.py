"""Waits for other processes, whose clock the tests cannot move."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 300.0  # s: five busy programs beside the tests slow them down tenfold


def eventually(condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Return the condition's first true result; fail if there is none in time."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < deadline:
        if result := condition():
            return result
        pause.wait(0.01)  # bounded by the deadline
    raise AssertionError(f"not within {seconds} s: {condition}")
