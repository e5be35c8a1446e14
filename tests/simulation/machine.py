"""What the agent's threads stand on: queues, threads, clocks and descriptors of the simulation.

`installed` puts them in place of Python's own in every module of the agent, for a while.
"""

import importlib.metadata
import queue
import random
import secrets
import select
import sys
import threading
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from functools import partial
from types import SimpleNamespace
from unittest.mock import patch

from edge_agent.clock import Moment

EPOCH = 1_700_000_000.0


class Queue:
    """A SimpleQueue whose waits the scheduler sees."""

    def __init__(self, scheduler):
        self._scheduler = scheduler
        self._items = deque()

    def put(self, item):
        self._items.append(item)
        self._scheduler.preempt(0.2)

    def get(self, block=True, timeout=None):
        if not self._items and block:
            now = self._scheduler.now
            until = float("inf") if timeout is None else now + timeout
            self._scheduler.pause(self._items.__len__, until)
        if not self._items:
            raise queue.Empty
        return self._items.popleft()

    def get_nowait(self):
        return self.get(block=False)

    def qsize(self):
        return len(self._items)

    def empty(self):
        return not self._items


class Thread:
    """As much of threading.Thread as the agent uses."""

    def __init__(self, scheduler, target, name="thread", daemon=True):
        self._scheduler, self._target, self._name = scheduler, target, name
        self._task = None

    @property
    def ident(self):
        return None if self._task is None else id(self._task)

    def start(self):
        self._task = self._scheduler.spawn(self._name, self._target)

    def join(self, timeout=None):
        until = float("inf") if timeout is None else self._scheduler.now + timeout
        self._scheduler.pause(lambda: self._task.ended, until)

    def is_alive(self):
        return self._task is not None and not self._task.ended


class Flag:
    """A threading.Event that nothing waits for."""

    def __init__(self):
        self._set = False

    def set(self):
        self._set = True

    def is_set(self):
        return self._set


class WakeUp:
    """The agent's eventfd; `select` takes the object itself for a descriptor."""

    def __init__(self, scheduler):
        self._scheduler = scheduler
        self._set = False

    def fileno(self):
        return self

    def set(self):
        self._set = True
        self._scheduler.preempt(0.2)

    def clear(self):
        was, self._set = self._set, False
        return was

    def readable(self):
        return self._set


def wait_for_any(scheduler, readers, writers, _, timeout):
    """Do as select.select for sockets and wake-ups: what can be written to always can."""

    def found():
        return any(one.readable() for one in readers)

    if not writers and not found():
        scheduler.pause(found, scheduler.now + timeout)
    return [each for each in readers if each.readable()], writers, []


class SimulatedClock:
    """The clocks of one boot; monotonic time is the scheduler's."""

    def __init__(self, scheduler, boot, *, trusted=True):
        self._scheduler = scheduler
        self.boot = boot
        self.trusted = trusted
        self.offset = 0.0
        self._booted = scheduler.now

    def now(self):
        uptime = round((self._scheduler.now - self._booted) * 1e6)
        behind = 0.0 if self.trusted else -20_000_000.0  # no clock chip
        wall = round((EPOCH + self._scheduler.now + self.offset + behind) * 1e6)
        return Moment(wall, uptime, self.trusted)

    def machine_is_set(self):
        return self.trusted

    def not_before(self, _time):
        """Do nothing: the world says whether it can be trusted."""

    def monotonic(self):
        return self._scheduler.now


class Secrets:
    """Random ids that a seed repeats."""

    def __init__(self, seeded):
        self._seeded = seeded

    def token_hex(self, count):
        return f"{self._seeded.getrandbits(8 * count):0{2 * count}x}"


def replacements(scheduler, seed):
    """Return what takes the place of Python's own, by the name under which modules have it."""
    seeded = random.Random(f"{seed} product")
    sleep = lambda seconds: scheduler.pause(until=scheduler.now + seconds)  # noqa: E731
    return {
        "SimpleQueue": (queue.SimpleQueue, partial(Queue, scheduler)),
        "threading": (
            threading,
            SimpleNamespace(Thread=partial(Thread, scheduler), Event=Flag),
        ),
        "time": (time, SimpleNamespace(monotonic=lambda: scheduler.now, sleep=sleep)),
        "select": (select, SimpleNamespace(select=partial(wait_for_any, scheduler))),
        "random": (random, seeded),
        "secrets": (secrets, Secrets(seeded)),
        "version": (importlib.metadata.version, lambda _package: "simulated"),  # it is slow
    }


@contextmanager
def replaced(pairs):
    """Set attributes of modules and classes, as (owner, name, value), for a while."""
    with ExitStack() as replacing:
        for owner, name, value in pairs:
            replacing.enter_context(patch.object(owner, name, value))
        yield


def installed(scheduler, seed, more=()):
    """Let every module of the agent use the simulated machine, for a while."""
    stand_ins = replacements(scheduler, seed)
    pairs = [
        (module, name, stand_in)
        for key, module in sorted(sys.modules.items())
        if key.startswith("edge_agent.")
        for name, (real, stand_in) in stand_ins.items()
        if getattr(module, name, None) is real
    ]
    return replaced([*pairs, *more])
