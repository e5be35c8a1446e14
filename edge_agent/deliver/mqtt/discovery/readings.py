"""Channels as sensors and contacts: available only while node and device are well."""

from edge_agent.deliver.mqtt.discovery import templates
from edge_agent.deliver.mqtt.discovery.component import Component, Options, component
from edge_agent.deliver.mqtt.discovery.node import DiscoveredChannel, current_seconds

SHORTEST = 30.0  # seconds before a value expires: a message may be late
# The quantities for which Home Assistant has no device class.
WITHOUT_CLASS = {
    "acceleration",
    "angle",
    "angular_velocity",
    "color_temperature",
    "count",
    "dilution_of_precision",
    "latitude",
    "load",
    "longitude",
    "particle_concentration",
    "pm4",
    "raw",
    "resistance",
    "rotational_speed",
    "share",
    "uv_index",
}
TOTALS = {"count", "energy", "precipitation", "volume"}


def reading(channel: DiscoveredChannel, prefix: str) -> Component:
    """Return the entity of a channel; its value expires if nothing comes."""
    topic = f"{prefix}/state/{channel.device}"
    well = {"topic": topic, "value_template": templates.IS_WELL}
    shown: Options = {
        "state_topic": topic,
        "expire_after": round(max(SHORTEST, current_seconds(channel.every))),
        "availability": [{"topic": f"{prefix}/status"}, well],
        "availability_mode": "all",
    }
    name = f"{channel.device}_{channel.name}"
    if channel.quantity == "binary":
        return component("binary_sensor", name, channel.title, shown, _contact(channel))
    return component("sensor", name, channel.title, shown, _sensor(channel))


def _contact(channel: DiscoveredChannel) -> Options:
    given = {"device_class": channel.device_class} if channel.device_class else {}
    return {"value_template": templates.contact_value(channel.name), **given}


def _sensor(channel: DiscoveredChannel) -> Options:
    total = channel.rising and channel.quantity in TOTALS
    found: Options = {
        "value_template": templates.channel_value(channel.name),
        "state_class": "total_increasing" if total else "measurement",
    }
    if channel.decimals is not None:
        found["suggested_display_precision"] = channel.decimals
    if channel.quantity not in WITHOUT_CLASS:
        found["device_class"] = channel.quantity
    if channel.unit:
        found["unit_of_measurement"] = channel.unit
    return found
