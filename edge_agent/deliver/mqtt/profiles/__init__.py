"""Services that speak a part of MQTT: what each of them allows, and how to log in."""
