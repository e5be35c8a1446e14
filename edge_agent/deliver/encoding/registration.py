"""The schemas of a sink's events in a registry: compared first, then registered, once a run.

The ids are kept in memory: events go out while the registry is away, but never without an id. They
are not kept on disk: a registry that was set up again may have given an id to another schema.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from edge_agent.deliver.encoding.registry import Registry, SchemaRefused
from edge_agent.errors import SinkUnavailable
from edge_agent.events import KINDS, Kind
from edge_agent.schema.avro import record_name, record_schema, union_schema, written

MAGIC = b"\0"  # of a message in Confluent's wire format; the schema's id follows, in 4 bytes

Naming = Literal["topic", "record"]
TopicOf = Callable[[Kind], str]


class SchemaSubject(NamedTuple):
    """A subject of the registry, and the kinds whose records its schema has, in this order."""

    name: str
    kinds: tuple[Kind, ...]

    @property
    def schema(self) -> str:
        """The schema as JSON: one record, or a union of several."""
        alone = len(self.kinds) == 1
        found = record_schema(written(self.kinds[0])) if alone else union_schema(self.kinds)
        return msgspec.json.encode(found).decode()

    def headers(self, id_: int) -> Iterator[tuple[Kind, bytes]]:
        """Yield what comes before a record of each kind: the id, and its place in a union."""
        for place, kind in enumerate(self.kinds):
            # Avro writes the place as an int: a small one is a byte with twice its value.
            branch = bytes([2 * place]) if len(self.kinds) > 1 else b""
            yield kind, MAGIC + id_.to_bytes(4, "big") + branch


def subjects(naming: Naming, topic_of: TopicOf) -> list[SchemaSubject]:
    """Return the subjects for all kinds; a topic with several kinds gets a union."""
    if naming == "record":
        return [SchemaSubject(record_name(written(kind)), (kind,)) for kind in KINDS]
    topics: dict[str, list[Kind]] = {}
    for kind in KINDS:
        topics.setdefault(topic_of(kind), []).append(kind)
    return [SchemaSubject(f"{topic}-value", tuple(kinds)) for topic, kinds in topics.items()]


class SchemaRegistration:
    """Registers a sink's schemas."""

    def __init__(self, registry: Registry, subjects: list[SchemaSubject]) -> None:
        self._registry = registry
        self._subjects = subjects

    def headers(self) -> Mapping[Kind, bytes]:
        """Return what comes before a record of each kind.

        Raise SinkUnavailable if the registry cannot be asked, or does not take a schema.
        """
        return {
            kind: header
            for subject in self._subjects
            for kind, header in subject.headers(self._registered(subject))
        }

    def examine(self) -> None:
        """Raise SinkUnavailable if `headers` would, but register nothing."""
        for subject in self._subjects:
            if self._registry.find(subject.name, subject.schema) is None:
                self._compare(subject)

    def _registered(self, subject: SchemaSubject) -> int:
        found = self._registry.find(subject.name, subject.schema)
        if found is not None:
            return found
        self._registry.require_compatibility(subject.name)
        self._compare(subject)
        id_ = self._registry.register(subject.name, subject.schema)
        if isinstance(id_, SchemaRefused):
            raise _incompatible(subject, id_)
        return id_

    def _compare(self, subject: SchemaSubject) -> None:
        refused = self._registry.compare(subject.name, subject.schema)
        if refused:
            raise _incompatible(subject, refused)


def _incompatible(subject: SchemaSubject, refused: SchemaRefused) -> SinkUnavailable:
    return SinkUnavailable(
        f"the schema of {', '.join(subject.kinds)} is incompatible with the newest one"
        f" of subject {subject.name}: {refused.why}",
        f"choose another topic, or remove the subject {subject.name} if no reader needs it",
    )
