"""What in `[home_assistant]` cannot work: an agent without live state, items that do not exist."""

from collections import Counter
from collections.abc import Iterator, Sequence

from edge_agent.blueprint.devices import ResolvedDevice, ResolvedOutput
from edge_agent.config.config import Config
from edge_agent.problems import Problems, unknown

# Those of binary sensors, as Home Assistant has them.
CONTACT_CLASSES = (
    "battery",
    "battery_charging",
    "carbon_monoxide",
    "cold",
    "connectivity",
    "door",
    "garage_door",
    "gas",
    "heat",
    "light",
    "lock",
    "moisture",
    "motion",
    "moving",
    "occupancy",
    "opening",
    "plug",
    "power",
    "presence",
    "problem",
    "running",
    "safety",
    "smoke",
    "sound",
    "tamper",
    "vibration",
    "window",
)
NO_CLASS = "there is no choice: it has a class by what it is; remove it"


def note_home_assistant(
    config: Config,
    devices: Sequence[ResolvedDevice],
    outputs: Sequence[ResolvedOutput],
    problems: Problems,
) -> None:
    """Note what cannot work, if Home Assistant is to discover the agent at all."""
    if not config.home_assistant.enabled:
        return
    for what in _obstacles(config):
        problems.note("home_assistant.enabled", value=True, what=what)
    if any((config.home_assistant.url, config.home_assistant.token_file, config.home_assistant.ca)):
        from edge_agent.blueprint.statistics import note_import  # noqa: PLC0415

        note_import(config, problems)
    if not problems.lines:  # without all devices, their items would look unknown
        _note_items(config, devices, outputs, problems)
        _note_ids(config, devices, outputs, problems)


def _obstacles(config: Config) -> Iterator[str]:
    if config.mqtt.publish == "aggregates":
        yield 'mqtt.publish = "aggregates" has no live values; use "all" or "readings"'
    if config.mqtt.profile:
        yield f'there is none at mqtt.profile = "{config.mqtt.profile}"; use its broker for [mqtt]'


def _note_items(
    config: Config,
    devices: Sequence[ResolvedDevice],
    outputs: Sequence[ResolvedOutput],
    problems: Problems,
) -> None:
    settings = config.home_assistant
    classes = dict(_classes(devices, outputs))
    items = [*classes, *(f"rule.{rule.name}" for rule in config.rule)]
    for key in ("classes", "titles", "hidden"):
        for item in getattr(settings, key):
            if item not in items:
                problems.note(f"home_assistant.{key}", item, unknown(item, items))
    for item, chosen in settings.classes.items():
        known = classes.get(item, ())
        if item in items and chosen not in known:
            what = unknown(chosen, known) if known else NO_CLASS
            problems.note(f'home_assistant.classes."{item}"', chosen, what)


def _classes(
    devices: Sequence[ResolvedDevice], outputs: Sequence[ResolvedOutput]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the classes that may be chosen for each item; none, if there is no choice."""
    from edge_agent.blueprint.discovered import (  # noqa: PLC0415
        channel_item,
        kinds_of,
        output_item,
    )

    for device in devices:
        for channel in device.channels:
            chosen = CONTACT_CLASSES if channel.quantity == "binary" else ()
            yield channel_item(device.name, channel.name), chosen
    for output in outputs:
        yield output_item(output.name), kinds_of(output)


def _note_ids(
    config: Config,
    devices: Sequence[ResolvedDevice],
    outputs: Sequence[ResolvedOutput],
    problems: Problems,
) -> None:
    """Note items whose ids are equal, such as channel fan of device output, and output fan."""
    from edge_agent.blueprint.discovered import discovered_node  # noqa: PLC0415
    from edge_agent.deliver.mqtt.discovery.messages import components  # noqa: PLC0415

    found = Counter(one.key for one in components(discovered_node(config, devices, outputs)))
    for key, count in found.items():
        if count > 1:
            what = f"{count} entities would be {key}; rename a device, output, rule or sink"
            problems.note("home_assistant.enabled", value=True, what=what)
