"""Waits for other processes, whose clock the tests cannot move."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], seconds: float = 60.0) -> T:
    """Return the condition's first true result; fail if there is none in time."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < deadline:
        if result := condition():
            return result
        pause.wait(0.01)  # bounded by the deadline
    raise AssertionError(f"not within {seconds} s: {condition}")
