"""The messages of one node, with the channels, units and ranges of its devices."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from edge_agent.events import KINDS
from edge_agent.schema.asyncapi import schemas
from edge_agent.schema.asyncapi.description import (
    ChannelDescription,
    DeviceDescription,
    NodeDescription,
    SinkDescription,
)
from edge_agent.schema.asyncapi.schemas import JsonSchema
from edge_agent.schema.avro import record_schema, written

CLOUD_EVENT = "application/cloudevents+json; charset=utf-8"
CLOUD_EVENTS = "application/cloudevents-batch+json; charset=utf-8"
JSON = "application/json"
AVRO = "application/avro"
AVRO_SCHEMA = "application/vnd.apache.avro;version=1.9.0"


class Message(NamedTuple):
    """A kind of message; `key` is its name among the document's components."""

    key: str
    name: str
    summary: str
    payload: JsonSchema
    content_type: str = JSON

    @property
    def component(self) -> dict[str, Any]:
        """The message as the document has it."""
        return {
            "name": self.name,
            "summary": self.summary,
            "contentType": self.content_type,
            "payload": self.payload,
        }


class EventMessage(NamedTuple):
    """An event of a kind about a subject."""

    kind: str
    subject: str
    message: Message


def events(node: NodeDescription) -> Iterator[EventMessage]:
    """Yield the messages of all events that the node may write."""
    for device in node.devices:
        yield _event("reading", device.name, f"a reading of {_what(device)}", _values(device))
    for device in node.devices if node.aggregates else ():
        what = f"the readings of {device.name} within a window"
        yield _event("aggregate", device.name, what, _summaries(device))
    for rule in node.alerts:
        yield _event("alert", rule, f"a change of state of the rule {rule}")
    for output in node.outputs:
        yield _event("output", output, f"a new value of the output {output}")
    for command in (*node.commands, "unknown", "flood") if node.commands else ():
        yield _event("command", command, f"what became of a command: {command}")
    yield _event("gap", "log", "events that will not arrive, and why")
    yield _event("lifecycle", "agent", "a note about the agent itself")


def sent(node: NodeDescription, sink: SinkDescription) -> Iterator[Message]:
    """Yield the messages with events that a sink sends, in its form."""
    found = [one for one in events(node) if one.kind in sink.kinds]
    if sink.form == "batch":
        yield _batch(sink, found)
    elif sink.form == "avro":
        yield from (_avro(kind) for kind in KINDS if kind in sink.kinds)
    else:
        yield from (one.message if sink.form == "structured" else _binary(one) for one in found)


def state(device: DeviceDescription) -> Message:
    """Return the message with a device's latest values."""
    payload = {"anyOf": [_values(device), _NO_VALUE]}
    summary = f"the latest values of {_what(device)}, or why there are none"
    return Message(f"state.{device.name}", "state", summary, payload)


def alert(rule: str) -> Message:
    """Return the message with a rule's current state."""
    summary = f"the current state of the rule {rule}; empty if the rule is gone"
    return Message(f"alert.{rule}", "alert", summary, schemas.alert_state())


def output(name: str) -> Message:
    """Return the message with an output's current state."""
    summary = f"the current value of the output {name}; empty if the output is gone"
    return Message(f"output.{name}", "output", summary, schemas.output_state())


def diagnostics(node: NodeDescription) -> Message:
    """Return the message with what the agent measures of itself."""
    payload = {"anyOf": [schemas.self_report(), _NO_VALUE]}
    summary = f"the sinks and the clock of {node.name}, once a minute, or that nothing is known yet"
    return Message("diagnostics", "diagnostics", summary, payload)


def command(node: NodeDescription, name: str) -> Message:
    """Return a command, with the names that the node knows."""
    struct = node.commands[name]
    known = {
        "device": [one.name for one in node.devices],
        "output": list(node.outputs),
        "rule": list(node.rules),
    }
    fields = {one.encode_name for one in msgspec.structs.fields(struct)}
    narrowed = {key: {"enum": names} for key, names in known.items() if key in fields and names}
    payload = schemas.reference(struct)
    if narrowed:
        payload = {"allOf": [payload, {"properties": narrowed}]}
    summary = (struct.__doc__ or "").partition("\n")[0]
    return Message(f"command.{name}", name, summary, payload)


STATUS = Message("status", "status", "whether the agent is connected", schemas.STATUS, "text/plain")
INFO = Message("info", "info", "what the agent says of itself", schemas.INFO)
ANSWER = Message("answer", "answer", "the answer to a command", schemas.ANSWER)
_QUALITY = {"type": "string", "description": "why there is no value"}
_NO_VALUE: JsonSchema = {
    "type": "object",
    "required": ["quality"],
    "properties": {"quality": _QUALITY},
}


def _batch(sink: SinkDescription, found: Sequence[EventMessage]) -> Message:
    members = [one.message.payload for one in found]
    payload = {"type": "array", "minItems": 1, "items": {"anyOf": members}}
    key = f"batch.{sink.name}"
    return Message(key, "batch", "several events, in order", payload, CLOUD_EVENTS)


def _binary(event: EventMessage) -> Message:
    """Return an event in CloudEvents' binary mode: its attributes are headers."""
    message = event.message
    data = message.payload["allOf"][1]["properties"]["data"]
    summary = f"{message.summary}; the attributes are headers"
    return Message(f"binary.{message.key}", message.name, summary, data)


def _avro(kind: str) -> Message:
    type_ = written(kind)
    payload = {"schemaFormat": AVRO_SCHEMA, "schema": record_schema(type_)}
    return Message(f"avro.{kind}", str(type_), f"an event of the type {type_}", payload, AVRO)


def _event(kind: str, subject: str, summary: str, values: JsonSchema | None = None) -> EventMessage:
    payload = schemas.event(kind, subject, values)
    name = payload["allOf"][1]["properties"]["type"]["const"]
    key = f"event.{kind}.{subject}"
    return EventMessage(kind, subject, Message(key, name, summary, payload, CLOUD_EVENT))


def _what(device: DeviceDescription) -> str:
    return f"{device.name} ({device.driver}), every {device.every:g} s"


def _values(device: DeviceDescription) -> JsonSchema:
    return {"type": "object", "properties": {one.name: _value(one) for one in device.channels}}


def _value(channel: ChannelDescription) -> JsonSchema:
    unit = f" in {channel.unit}" if channel.unit else ""
    limits = {"minimum": channel.low, "maximum": channel.high}
    finite = {key: value for key, value in limits.items() if math.isfinite(value)}
    return {
        "type": "number",
        "description": f"{channel.quantity}{unit}",
        "x-quantity": channel.quantity,
        "x-unit": channel.unit,
        **finite,
    }


def _summaries(device: DeviceDescription) -> JsonSchema:
    described = {one.name: _value(one)["description"] for one in device.channels}
    channels = {name: {"type": "object", "description": what} for name, what in described.items()}
    return {"type": "object", "properties": channels}
