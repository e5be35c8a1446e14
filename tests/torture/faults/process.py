"""Process faults: the agent is killed, at random moments and at named boundaries."""

import time

from tests.torture.fault import Fault
from tests.torture.rig import Rig
from tests.torture.row import Row


def kill_at_random(rig: Rig) -> Row:
    """Kill the agent again and again, half of the times while the first broker does not answer."""
    rig.begin()
    kills = rig.times(20, 2)
    ended = 0.0
    for n in range(kills):
        if n % 2:
            rig.brokers["mqtt"].pause()  # much is under way then, and nothing acknowledged
        rig.let_pass(rig.chances.uniform(0, 0.6))
        rig.agent.kill()
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        rig.start()
        rig.flows(5)
    return rig.finish("SIGKILL at a random moment", kills, ended)


FAULTS = (Fault("process", "kill-at-random", kill_at_random, short=True),)
