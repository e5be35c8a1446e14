"""Everything that is spoken to an MQTT broker, over one connection."""
