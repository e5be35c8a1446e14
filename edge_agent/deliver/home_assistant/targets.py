"""Which entity of Home Assistant each of our channels is, and how its statistics are kept."""

from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.deliver.home_assistant.conversion import Conversion, conversion
from edge_agent.deliver.home_assistant.imported_channel import ImportedChannel
from edge_agent.deliver.home_assistant.recorder import HomeAssistantRecorder, StatisticMetadata

ARITHMETIC = 1


class ImportTarget(NamedTuple):
    """A channel with its entity there."""

    channel: ImportedChannel
    metadata: StatisticMetadata
    convert: Conversion

    @property
    def unique_id(self) -> str:
        """The id that discovery has given it."""
        return self.channel.unique_id

    @property
    def entity(self) -> str:
        """The id that it has in Home Assistant."""
        return self.metadata.statistic_id


class Targets(NamedTuple):
    """What can be imported, and why the rest cannot."""

    found: tuple[ImportTarget, ...]
    problems: tuple[str, ...]


def find_targets(channels: Sequence[ImportedChannel], recorder: HomeAssistantRecorder) -> Targets:
    """Ask Home Assistant for the entities of our channels."""
    entities = recorder.entities({one.unique_id for one in channels})
    metadata = recorder.metadata(entities.values()) if entities else {}
    found, problems = [], []
    for channel in channels:
        entity = entities.get(channel.unique_id, "")
        target = _target(channel, entity, metadata.get(entity))
        if isinstance(target, str):
            problems.append(target)
        else:
            found.append(target)
    return Targets(tuple(found), tuple(problems))


def _target(
    channel: ImportedChannel, entity: str, metadata: StatisticMetadata | None
) -> ImportTarget | str:
    """Return the target, or what prevents it."""
    if not entity:
        return f"Home Assistant has no entity of {channel}: it has not discovered it yet"
    if metadata is None:
        return f"Home Assistant keeps no statistics of {entity}: enable it there"
    if not (metadata.has_sum or metadata.has_mean or metadata.mean_type == ARITHMETIC):
        return f"Home Assistant keeps neither mean nor sum of {entity}"
    unit = metadata.statistics_unit_of_measurement
    convert = conversion(channel.unit, unit)
    if convert is None:
        what = f"Home Assistant keeps {entity} in {unit!r}, not in {channel.unit!r}"
        return f"{what}: choose that unit in the settings of the entity"
    return ImportTarget(channel, metadata, convert)
