"""The agent as a service of systemd: installed, removed, and looked at."""

UNIT = "edge-agent.service"
USER = "edge-agent"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
CONFIG_FILE = "/etc/edge-agent/config.toml"
STATE = "/var/lib/edge-agent"
CREDENTIALS = "/etc/credstore"
