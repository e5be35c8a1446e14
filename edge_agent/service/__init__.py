"""The agent as a systemd service: install it, remove it, and report its state."""

UNIT = "edge-agent.service"
USER = "edge-agent"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
TEMPLATE_FILE = "/etc/systemd/system/edge-agent@.service"  # further agents on this machine
