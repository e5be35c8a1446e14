"""A real agent that is killed (-9) again and again, while its sink's server is silent at times."""

import random
import threading

from lab.waiting import eventually


def kill_at_random(agent, sink, server, kills):
    """Kill the agent so often, then let it deliver everything and stop; return the last offset."""
    moments, pause = random.Random(kills), threading.Event()
    for kill in range(kills):
        starts = agent.starts() + 1
        agent.start()
        eventually(lambda starts=starts: agent.starts() == starts)
        before = agent.cursor(sink)
        eventually(lambda before=before: agent.cursor(sink) > before)
        if kill % 3 == 1:
            server.pause()  # much is under way then, and nothing confirmed
        pause.wait(moments.uniform(0, 1))  # of running processes, whose clock cannot be moved
        agent.kill()
        server.resume()
    agent.start()
    last = max(agent.offsets())
    eventually(lambda: agent.cursor(sink) >= last)
    assert agent.stop() == 0
    return last
