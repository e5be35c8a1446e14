"""One thread at a time, chosen by a seed; time moves on only when every thread waits.

Each task has a thread of its own, and a gate. A task that waits chooses the next one and opens its
gate; so only one ever runs, and the order depends on the seed alone.
"""

import heapq
import random
import threading
from hashlib import blake2b
from itertools import count

FOREVER = float("inf")
STEP_SECONDS = 20e-6  # what a step takes: a loop that never waits does not stop time
MOST_STEPS = 2_000_000


class Killed(BaseException):
    """The process of this task is gone."""


class Stuck(Exception):
    """Nothing can happen any more, or far too much happens."""


def never():
    return False


class Task:
    """A thread of the simulated process `life`; `weight` says how often it is chosen."""

    def __init__(self, scheduler, name, run, life, weight):
        self.name, self.life, self.weight = name, life, weight
        self.ready, self.until = never, 0.0
        self.stalled_until = 0.0
        self.ended = self.killed = False
        self.gate = threading.Lock()
        self.gate.acquire()
        self._scheduler, self._run = scheduler, run
        threading.Thread(target=self._main, name=name, daemon=True).start()

    def wakes_at(self):
        return max(self.until, self.stalled_until)

    def _main(self):
        self.gate.acquire()
        try:
            if not self.killed:
                self._run()
        except Killed:
            pass
        self.ended = True
        self._scheduler.leave(self)


class Scheduler:
    """Runs tasks; the thread that made it is the driver, which kills and starts processes."""

    def __init__(self, seed, most_steps=MOST_STEPS):
        self.random = random.Random(f"{seed} schedule")
        self.now = 0.0
        self.steps = 0
        self.life = 0
        self._most_steps = most_steps
        self._weights = {}
        self._tasks = []
        self._timers = []
        self._order = count()
        self._trace = blake2b(digest_size=16)
        self._driver_at, self._driver_step, self._driver_ready = 0.0, FOREVER, never
        self._driver = threading.Lock()
        self._driver.acquire()
        self.current = None  # the driver
        self._unwinding = False
        self._failure = None

    def note(self, what):
        """Add to what must be the same when the seed is replayed."""
        self._trace.update(f"{self.now:.6f} {what}\n".encode())

    def digest(self):
        return self._trace.hexdigest()

    def spawn(self, name, run):
        """Start a task of the present process."""
        weight = self._weights.setdefault(name, self.random.expovariate(1.0) + 0.02)
        task = Task(self, name, run, self.life, weight)
        self._tasks.append(task)
        return task

    def at(self, time, action):
        """Call an action, which must not wait, at a time."""
        heapq.heappush(self._timers, (time, next(self._order), action))

    def pause(self, ready=never, until=FOREVER):
        """Let others run until `ready` returns true, or a time has come."""
        me = self.current
        if me is None:
            raise AssertionError("the driver waits with `drive`")
        if me.killed:
            raise Killed
        me.ready, me.until = ready, until
        chosen = self._next()
        if chosen is not me:
            self._pass_to(chosen)
            me.gate.acquire()
        if me.killed:
            raise Killed

    def preempt(self, chance=1.0):
        """Let others run, perhaps."""
        if self.current is not None and not self._unwinding and self.random.random() < chance:
            self.pause(until=self.now)

    def drive(self, seconds=FOREVER, steps=FOREVER, ready=never):
        """Let tasks run, from the driver, for so long, for so many steps, or until `ready`."""
        self._driver_at, self._driver_ready = self.now + seconds, ready
        self._driver_step = self.steps + steps
        chosen = self._next()
        if chosen is not None:
            self._pass_to(chosen)
            self._driver.acquire()
        self._raise()

    def kill(self):
        """End all tasks, each at the place where it waits."""
        self._unwinding = True
        while self._tasks:
            task = self._tasks[0]
            task.killed = True
            self._pass_to(task)
            self._driver.acquire()
        self._unwinding = False
        self._failure = None

    def stall(self, name, seconds):
        """Keep the tasks with this name from running for a while."""
        for task in self._tasks:
            if task.name == name:
                task.stalled_until = self.now + seconds

    def names(self):
        return [task.name for task in self._tasks]

    def leave(self, task):
        """Pass on from a task that has ended."""
        self._tasks.remove(task)
        self._pass_to(None if self._unwinding else self._next())

    def _pass_to(self, task):
        self.current = task
        (self._driver if task is None else task.gate).release()

    def _next(self):
        try:
            return self._chosen()
        except Exception as error:  # noqa: BLE001 - raised again in the driver's thread
            self._failure = error
            return None

    def _raise(self):
        if self._failure is not None:
            raise self._failure

    def _chosen(self):
        while True:
            self._count()
            while self._timers and self._timers[0][0] <= self.now:
                heapq.heappop(self._timers)[2]()
            if self.steps >= self._driver_step or self.now >= self._driver_at:
                return None
            if self._driver_ready():
                return None
            now = self.now
            able = [
                task
                for task in self._tasks
                if task.stalled_until <= now and (task.until <= now or task.ready())
            ]
            if able:
                self.now += STEP_SECONDS
                return self._pick(able)
            self._move_on()

    def _pick(self, able):
        if len(able) == 1:
            return able[0]
        chosen = self.random.choices(able, [task.weight for task in able])[0]
        self._trace.update(chosen.name.encode())
        return chosen

    def _count(self):
        self.steps += 1
        if self.steps > self._most_steps:
            raise Stuck(f"{self.steps} steps and no end, at {self.now:.0f} s")

    def _move_on(self):
        times = [task.wakes_at() for task in self._tasks]
        times.extend(self._timers[0][:1] if self._timers else ())
        then = min([*times, self._driver_at])
        if then == FOREVER:
            raise Stuck("nothing can happen any more")
        self.now = max(self.now, then)
