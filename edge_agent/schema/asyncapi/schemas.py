"""The schemas of an AsyncAPI document, in the words of JSON Schema draft 7, which it takes."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from edge_agent.events import KINDS, AlertState, Severity
from edge_agent.schema.cloud_event import WRITTEN, CloudEvent
from edge_agent.schema.events import DATA
from edge_agent.schema.json_schema import for_readers

JsonSchema: TypeAlias = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"

TIME: JsonSchema = {"type": "string", "format": "date-time"}
STATUS: JsonSchema = {"type": "string", "enum": ["online", "offline"]}
INFO: JsonSchema = {
    "type": "object",
    "required": ["version", "log", "devices"],
    "properties": {
        "version": {"type": "string", "description": "the version of edge-agent"},
        "log": {"type": "string", "description": "the log id, with which every event's id begins"},
        "devices": {"type": "object", "description": "devices with their channels and units"},
        "outputs": {"type": "object", "description": "outputs, and where they are connected"},
        "rules": {"type": "object", "description": "rules, and their conditions"},
        "commands": {"type": "array", "items": {"type": "string"}},
    },
}
ANSWER: JsonSchema = {
    "type": "object",
    "required": ["command", "id", "state"],
    "properties": {
        "command": {"type": "string"},
        "id": {"type": "string", "description": "the id of the request, or an empty text"},
        "state": {"enum": ["refused", "accepted", "done", "failed"]},
        "reason": {"type": "string", "description": "why it was refused, or has failed"},
        "result": {"type": "object", "description": "what the command returns"},
        "repeated": {"type": "boolean", "description": "whether the id was known"},
    },
}


def components(structs: Iterable[type[msgspec.Struct]]) -> dict[str, JsonSchema]:
    """Return the schemas of structs, and of those in them, by their name."""
    _, found = msgspec.json.schema_components(structs, ref_template=REFERENCE)
    return {name: _draft_7(for_readers(schema)) for name, schema in sorted(found.items())}


def reference(struct: type[msgspec.Struct]) -> JsonSchema:
    """Return the reference to a struct's schema."""
    return {"$ref": REFERENCE.format(name=struct.__name__)}


def data_of(kind: str) -> type[msgspec.Struct]:
    """Return the struct of a kind's data, in the version that is written."""
    return next(found[WRITTEN[name]] for name, found in DATA.items() if name == kind)


def event_structs() -> list[type[msgspec.Struct]]:
    """Return the structs of all events: the envelope, and the data of each kind."""
    return [CloudEvent, *(data_of(kind) for kind in KINDS)]


def event(kind: str, subject: str, values: JsonSchema | None = None) -> JsonSchema:
    """Return the schema of the events of a kind about one subject; `values` narrows its data."""
    data: JsonSchema = reference(data_of(kind))
    if values:
        data = {"allOf": [data, {"properties": {"values": values}}]}
    narrowed = {
        "type": {"const": f"edge.{kind}.v{WRITTEN[kind]}"},
        "subject": {"const": subject},
        "data": data,
    }
    return {"allOf": [reference(CloudEvent), {"properties": narrowed}]}


def object_of(properties: Mapping[str, JsonSchema], optional: Iterable[str] = ()) -> JsonSchema:
    """Return the schema of an object with these members."""
    required = [name for name in properties if name not in set(optional)]
    return {"type": "object", "required": required, "properties": dict(properties)}


def alert_state() -> JsonSchema:
    """Return the schema of a rule's current state."""
    return object_of(
        {
            "state": _literal(AlertState),
            "severity": _literal(Severity),
            "since": TIME,
            "message": {"type": "string"},
            "acknowledged": {"type": "boolean"},
            "silenced": {"type": "boolean"},
        },
        optional=("message", "acknowledged", "silenced"),
    )


def output_state() -> JsonSchema:
    """Return the schema of an output's current state."""
    return object_of(
        {
            "value": {"type": "number", "minimum": 0, "maximum": 1},
            "by": {"type": "string", "description": "who asked for it"},
            "since": TIME,
            "error": {"type": "string", "description": "why the hardware did not follow"},
        },
        optional=("error",),
    )


def self_report() -> JsonSchema:
    """Return the schema of what the agent measures of itself."""
    delivered = {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "when the last delivery was seen",
    }
    waiting = {"type": "integer", "minimum": 0, "description": "events that wait for it"}
    sink = object_of({"waiting": waiting, "delivered": delivered})
    right = {"type": "boolean", "description": "whether the wall clock is known to be right"}
    sinks = {"type": "object", "additionalProperties": sink, "description": "sinks by name"}
    return object_of({"sinks": sinks, "clock_set": right})


def _literal(type_: object) -> JsonSchema:
    return dict(_draft_7(for_readers(msgspec.json.schema(type_))))


def _draft_7(schema: Any) -> Any:  # noqa: ANN401
    """Return a schema of 2020-12 as draft 7 has it."""
    if isinstance(schema, list):
        return [_draft_7(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _draft_7(value) for key, value in schema.items()}
    if "prefixItems" in found:
        found |= {"items": found.pop("prefixItems"), "additionalItems": False}
    return found
