"""Events as requests: CloudEvents over HTTP, structured, binary or in batches."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from edge_agent.deliver.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE, Envelope
from edge_agent.deliver.http.options import Content
from edge_agent.events import LoggedEvent, RelayedEvent

# What CloudEvents leaves as it is in a header: printable ASCII but space, quote and per cent.
UNCHANGED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class HttpMessage(NamedTuple):
    """A request: `id` names exactly these events, so that a repetition is recognised."""

    id: str
    headers: dict[str, str]
    body: bytes


class HttpBinding:
    """Makes messages of the events of one log; `batches` says whether an array is sent."""

    def __init__(self, envelope: Envelope, content: Content, *, batches: bool) -> None:
        self._envelope = envelope
        self._content = content
        self._batches = batches

    def message(self, events: Sequence[LoggedEvent]) -> HttpMessage:
        """Return the message of some events; of exactly one if there are no batches."""
        name = self._name(events)
        if self._batches:
            headers = {"Content-Type": BATCH_CONTENT_TYPE}
            return HttpMessage(name, headers, self._envelope.encode_batch(events))
        if self._content == "binary":
            attributes = self._envelope.attributes(events[0])
            headers = {"Content-Type": attributes.pop("datacontenttype")}
            headers |= {f"ce-{name}": quote(value, UNCHANGED) for name, value in attributes.items()}
            return HttpMessage(name, headers, events[0].data.encode())
        headers = {"Content-Type": CONTENT_TYPE}
        return HttpMessage(name, headers, self._envelope.encode(events[0]))

    def _name(self, events: Sequence[LoggedEvent]) -> str:
        """Return the id of a message: of several events the first and last, or of all a digest."""
        ids = [self._envelope.id_of(event) for event in events]
        if len(ids) == 1:
            return ids[0]
        if isinstance(events[0], RelayedEvent):  # of several logs, anything may lie between
            return sha256(" ".join(ids).encode()).hexdigest()
        return f"{ids[0]}-{events[-1].offset}"
