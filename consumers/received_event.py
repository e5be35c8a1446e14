"""An event as a consumer gets it: checked, with the place in its node's log that its id names."""

import re
from datetime import datetime
from typing import Any

import msgspec

from edge_agent.schema.validation import InvalidEvent, validate

MAX_OFFSET = 2**63 - 1
OUR_ID = re.compile(r"([A-Za-z0-9_-]{1,64}):([0-9]{1,19})")
SOURCE = "urn:edge:"


class ReceivedEvent(msgspec.Struct, frozen=True):
    """An event that keeps the contract of its type; data of an unknown kind or version is as it is.

    `decoded` is the whole event as it arrived, with what this version does not know. `time` is in
    UTC; if it is not `trusted`, the node's clock was not set yet. A `replay` was sent once more,
    on request.
    """

    log: str
    offset: int
    node: str
    kind: str
    version: int
    subject: str
    time: datetime
    decoded: dict[str, Any]
    trusted: bool = True
    replay: bool = False

    @property
    def id(self) -> str:
        """Return the id: the same at every arrival, and never that of another event."""
        return f"{self.log}:{self.offset}"

    @property
    def data(self) -> Any:  # noqa: ANN401 - of an unknown kind it may be anything
        """Return what happened, as `kind` and `version` say."""
        return self.decoded["data"]


def received_event(decoded: Any) -> ReceivedEvent:  # noqa: ANN401
    """Check a decoded event; raise InvalidEvent if it breaks its contract, or no agent wrote it."""
    valid = validate(decoded)
    attributes = valid.attributes
    match = OUR_ID.fullmatch(attributes.id)
    if not match or int(match[2]) > MAX_OFFSET:
        raise InvalidEvent("not an event of an agent: its id is not <log id>:<offset>")
    return ReceivedEvent(
        match[1],
        int(match[2]),
        attributes.source.removeprefix(SOURCE),
        *valid.type,
        attributes.subject,
        attributes.time,
        decoded,
        trusted=attributes.clock is msgspec.UNSET,
        replay=attributes.replay is True,
    )
