"""From the body of a message to deliveries: what the sinks write, through SQS or SNS."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from consumers.decode import events_in
from consumers.source import Delivery


class SnsNotification(msgspec.Struct):
    """What SNS makes of a message for a queue, unless it delivers raw messages."""

    type: Literal["Notification"] = msgspec.field(name="Type")
    topic: str = msgspec.field(name="TopicArn")
    message: str = msgspec.field(name="Message")


def deliveries_in(body: str) -> Sequence[Delivery]:
    """Return what a message holds: one event, a batch, or a dead letter with its reason."""
    payload = body.encode(errors="replace")
    return list(events_in(_unwrapped(payload)))


def _unwrapped(payload: bytes) -> bytes:
    if b'"Notification"' not in payload:
        return payload
    try:
        return msgspec.json.decode(payload, type=SnsNotification).message.encode(errors="replace")
    except (ValueError, RecursionError):
        return payload
