"""measure.py [UID]: for each configuration named on standard input, measure all devices once.

Prints one line of JSON for each configuration; each device is built and set up again.
"""

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from drivers.base.driver import read
from drivers.base.errors import DriverError, NotReady
from edge_agent.acquire.hardware import RealHardware
from edge_agent.blueprint import resolve


def measured(resolved, hardware):
    """Return the result, and the seconds that it took."""
    began = time.monotonic()
    try:
        found = {"values": with_retries(resolved.build(hardware)), "quality": "good", "text": ""}
    except DriverError as error:
        found = {"values": {}, "quality": error.quality, "text": str(error)}
    return {**found, "seconds": time.monotonic() - began}


def with_retries(driver):
    """Measure, and retry as the agent does: an emulated processor may pause for a while."""
    for _ in range(2):
        with suppress(NotReady):
            return read(driver)
    return read(driver)


for user in map(int, sys.argv[1:]):
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
for line in iter(sys.stdin.readline, ""):
    hardware = RealHardware()
    devices = resolve(Path(line.strip())).devices
    found = {resolved.name: measured(resolved, hardware) for resolved in devices}
    hardware.close()
    sys.stdout.write(f"{json.dumps(found)}\n")
    sys.stdout.flush()
