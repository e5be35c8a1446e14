import random
import signal
import subprocess
import sys

import pytest

from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

WRITER = """
import sys
from pathlib import Path
from queue import SimpleQueue
from edge_agent.clock import SystemClock
from edge_agent.events import Event
from edge_agent.store.recorder import Recorder
from edge_agent.store.retention import Retention
from edge_agent.store.opening import open_log

clock, inbox, path = SystemClock(), SimpleQueue(), Path(sys.argv[1])
announce = lambda offset: print(offset, flush=True)
recorder = Recorder(
    open_log(path, clock), inbox, announce=announce, reopen=lambda _: open_log(path, clock),
    clock=clock, commit_interval=0, retention=Retention(3600, 10**9),
)
n = 0
while True:
    for _ in range(20):
        reading = Event("reading", "a", clock.now(), {"n": n})
        inbox.put([reading, Event("alert", "hot", clock.now(), {"n": n}, urgent=True)])
        n += 1
    recorder.step(0)
"""


def killed_after(path, announcements):
    """Run a writer, end it with SIGKILL after so many commits; return the last one it announced."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        for _ in range(announcements):
            assert writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split("\n")
    complete = [line for line in rest[:-1] if line]  # the last line may be cut
    return int(complete[-1]) if complete else 0


@pytest.mark.parametrize("seed", range(5))
def test_whatever_was_announced_is_there_after_sigkill(path, seed):
    announced = killed_after(path, random.Random(seed).randint(1, 60))
    EventLog.open(path, boot="next").close()
    events = LogReader(path).read_after(0, 10**6)
    assert [event.offset for event in events] == list(range(1, len(events) + 1))
    assert len(events) >= announced
    kinds = [event.kind for event in events]
    assert kinds == ["reading", "alert"] * (len(kinds) // 2), "an alert lost its reading"
