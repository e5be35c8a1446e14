"""The agent as a service of systemd: installed, removed, and looked at."""

UNIT = "edge-agent.service"
USER = "edge-agent"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
