"""Home Assistant: how it discovers a node over MQTT, and the live state that it needs."""
