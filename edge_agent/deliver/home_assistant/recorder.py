"""What Home Assistant's recorder is asked: what it has of entities, hour by hour, and imports."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from edge_agent.deliver.home_assistant.hours import HOUR
from edge_agent.deliver.home_assistant.session import HomeAssistantSession

AT_ONCE = 20  # entities in one question: an answer about a day has up to 300 rows for each
SINCE_CLASSES = (2025, 11)  # from this version on, an import names class and kind of mean


class RegisteredEntity(msgspec.Struct):
    """An entity of Home Assistant, by the id that we gave it and the one it has there."""

    entity_id: str
    unique_id: str | int
    platform: str


class StatisticMetadata(msgspec.Struct):
    """How Home Assistant keeps the statistics of an entity."""

    statistic_id: str
    has_sum: bool
    source: str = "recorder"
    name: str | None = None
    has_mean: bool = False
    mean_type: int = 0  # 1: arithmetic, 2: of an angle
    statistics_unit_of_measurement: str | None = None
    unit_class: str | None = None


class StatisticRow(msgspec.Struct):
    """What Home Assistant has of one period; `start` in ms since 1970."""

    start: float
    state: float | None = None
    sum: float | None = None

    @property
    def hour(self) -> int:
        """Return the hour since 1970 that it lies in."""
        return int(self.start * 1000) // HOUR


StatisticRows = dict[str, list[StatisticRow]]


class HomeAssistantRecorder:
    """Asks over a session; entities are named by their ids in Home Assistant."""

    def __init__(self, session: HomeAssistantSession) -> None:
        self._session = session

    def entities(self, unique_ids: Collection[str]) -> dict[str, str]:
        """Return the entity of each of our ids that Home Assistant knows."""
        found = self._session.ask("config/entity_registry/list", list[RegisteredEntity])
        return {
            str(one.unique_id): one.entity_id
            for one in found
            if one.platform == "mqtt" and one.unique_id in unique_ids
        }

    def metadata(self, entities: Iterable[str]) -> dict[str, StatisticMetadata]:
        """Return how statistics are kept, of those entities that have any."""
        found = self._session.ask(
            "recorder/get_statistics_metadata",
            list[StatisticMetadata],
            statistic_ids=sorted(entities),
        )
        return {one.statistic_id: one for one in found}

    def rows(
        self,
        entities: Iterable[str],
        period: Literal["5minute", "hour"],
        first: int,
        end: int,
    ) -> StatisticRows:
        """Return what there is from the hour `first` to before the hour `end`."""
        wanted, found = sorted(entities), StatisticRows()
        for n in range(0, len(wanted), AT_ONCE):
            found |= self._session.ask(
                "recorder/statistics_during_period",
                StatisticRows,
                start_time=iso(first),
                end_time=iso(end),
                statistic_ids=wanted[n : n + AT_ONCE],
                period=period,
                types=["state", "sum"],
            )
        return found

    def import_rows(self, metadata: StatisticMetadata, rows: Sequence[Mapping[str, Any]]) -> None:
        """Hand rows over; those with the same start are replaced."""
        self._session.ask(
            "recorder/import_statistics", object, metadata=self._described(metadata), stats=rows
        )

    def _described(self, metadata: StatisticMetadata) -> dict[str, Any]:
        """Return the metadata as they are: an import must not change them."""
        found: dict[str, Any] = {
            "has_sum": metadata.has_sum,
            "name": metadata.name,
            "source": metadata.source,
            "statistic_id": metadata.statistic_id,
            "unit_of_measurement": metadata.statistics_unit_of_measurement,
        }
        if _version(self._session.version) < SINCE_CLASSES:
            return found | {"has_mean": metadata.has_mean}
        kind = metadata.mean_type or int(metadata.has_mean)
        return found | {"mean_type": kind, "unit_class": metadata.unit_class}


def iso(hour: int) -> str:
    """Return when an hour begins."""
    return datetime.fromtimestamp(hour * 3600, UTC).isoformat()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
