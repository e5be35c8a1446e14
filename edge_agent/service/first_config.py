"""The configuration that the service starts with: what every machine can measure about itself."""

import re

from edge_agent.machine import Machine

FIRST = """\
# What this machine measures about itself. `sudo edge-agent init --force` adds the sensors it finds.
# Test changes with `sudo edge-agent check`; apply them with `sudo systemctl reload edge-agent`.

node = "{node}"  # the name in every topic: edge/{node}/…

[mqtt]
url = "mqtt://localhost"  # the broker; while it is unreachable, events wait in the log

[[device]]
name = "memory"
driver = "memory"
every = "60s"
"""
PROCESSOR = """
[[device]]
name = "processor"
driver = "thermal"
every = "60s"
"""
ZONE = "cpu-thermal"  # the thermal zone of every Raspberry Pi


def first_config(machine: Machine) -> str:
    """Return a configuration that works on this machine without changes."""
    return FIRST.format(node=node_name(machine)) + (PROCESSOR if _has_zone(machine) else "")


def node_name(machine: Machine) -> str:
    """Return the host's name, with - for every character that a topic cannot have."""
    host = machine.read("/etc/hostname").split(".")[0]
    return re.sub("[^A-Za-z0-9_-]", "-", host)[:64] or "edge"


def _has_zone(machine: Machine) -> bool:
    zones = machine.path("/sys/class/thermal").glob("thermal_zone*/type")
    return any(zone.read_text(encoding="ascii").strip() == ZONE for zone in zones)
