"""What is imported into Home Assistant's statistics, and what prevents it."""

from edge_agent.config.config import Config
from edge_agent.config.home_assistant import HomeAssistantSettings
from edge_agent.deliver.home_assistant.check import check
from edge_agent.deliver.home_assistant.imported_channel import ImportedChannel
from edge_agent.deliver.home_assistant.options import ImportOptions
from edge_agent.deliver.mqtt.discovery.node import DiscoveredNode
from edge_agent.deliver.mqtt.discovery.readings import reading
from edge_agent.problems import Problems


def import_options(settings: HomeAssistantSettings) -> ImportOptions:
    """Return where Home Assistant is, and how to log in there."""
    return ImportOptions(settings.url, settings.token_file, settings.ca)


def note_import(config: Config, problems: Problems) -> None:
    """Note what is wrong with the keys of the import."""
    for key, value, what in check(import_options(config.home_assistant)):
        if value is None:
            problems.add(f"home_assistant.{key}: {what}")
        else:
            problems.note(f"home_assistant.{key}", value, what)


def imported_channels(node: DiscoveredNode) -> tuple[ImportedChannel, ...]:
    """Return the channels whose statistics Home Assistant keeps: contacts have none."""
    return tuple(
        ImportedChannel(one.device, one.name, one.unit, reading(one, "").unique_id(node.id))
        for one in node.channels
        if one.quantity != "binary"
    )
