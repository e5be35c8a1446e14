"""Azure Event Grid, the MQTT broker of a namespace: certificates, and nothing retained.

It closes the connection at a retained message or QoS 2. It takes messages of 512 KiB and a
keep-alive of 1160 s, which the agent never exceeds.
"""

from edge_agent.deliver.mqtt.profiles.profile import Profile

PROFILE = Profile("Event Grid", versions=(5,), retains=False, needs_username=True)
