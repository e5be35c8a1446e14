"""The envelope of every event: CloudEvents 1.0, and a `type` with the version of its data."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from edge_agent.events import KINDS

# The version of a kind's data that the agent writes.
WRITTEN: Mapping[str, int] = dict.fromkeys(KINDS, 1)
TYPE = re.compile(r"edge\.([a-z][a-z_]{0,31})\.v([1-9][0-9]{0,3})")


class EventType(NamedTuple):
    """What a `type` says: a kind of event, which may be unknown here, and its data's version."""

    kind: str
    version: int

    @classmethod
    def parse(cls, text: str) -> "EventType":
        """Return what a `type` says; raise ValueError for one that no agent writes."""
        match = TYPE.fullmatch(text)
        if match is None:
            raise ValueError("the type is not edge.<kind>.v<version>")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        """Return it as events have it."""
        return f"edge.{self.kind}.v{self.version}"


class CloudEvent(msgspec.Struct):
    """One event: its attributes, and what happened as `data`.

    An event may arrive several times, always with the same `id`. New attributes may be added at any
    time: ignore those that you do not know.
    """

    id: Annotated[
        str,
        Meta(
            description="`<log id>:<offset>`, and never that of another event; the offsets of a"
            " log ascend by one, and a gap event names those that will not arrive",
            max_length=100,
        ),
    ]
    source: Annotated[
        str,
        Meta(
            description="the node that has written it: `urn:edge:<node>`",
            pattern=r"\Aurn:edge:[A-Za-z0-9_-]{1,64}\Z",
        ),
    ]
    type: Annotated[
        str,
        Meta(
            description="`edge.<kind>.v<version>`: it says which schema `data` has",
            pattern=rf"\A{TYPE.pattern}\Z",
        ),
    ]
    subject: Annotated[
        str,
        Meta(description="what it is about: the name of a device, a rule, an output or a command"),
    ]
    time: Annotated[datetime, Meta(description="when it was measured or happened, in UTC", tz=True)]
    specversion: Annotated[Literal["1.0"], Meta(description="the version of CloudEvents")]
    data: Annotated[msgspec.Raw, Meta(description="what happened, as its `type` says")]
    datacontenttype: Annotated[
        str | UnsetType, Meta(description="the format of `data`: `application/json`")
    ] = UNSET
    dataschema: Annotated[
        str | UnsetType,
        Meta(description="where the schema of `data` is, if a destination asks for it"),
    ] = UNSET
    sequence: Annotated[
        str | UnsetType, Meta(description="the offset with leading zeros: it orders as text")
    ] = UNSET
    clock: Annotated[
        str | UnsetType,
        Meta(description="`unsynchronised` if the clock was not set yet, and `time` is wrong"),
    ] = UNSET
    bootid: Annotated[
        int | UnsetType, Meta(description="with `clock`: the number of the boot in this log")
    ] = UNSET
    uptime: Annotated[
        str | UnsetType, Meta(description="with `clock`: the µs since that boot, as digits")
    ] = UNSET
    replay: Annotated[
        bool | UnsetType,
        Meta(description="`true` if a user has it sent once more, with `edge-agent log replay`"),
    ] = UNSET
