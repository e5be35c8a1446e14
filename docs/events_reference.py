"""The generated parts of the page on events, and the files of their schemas."""

import json
from collections.abc import Iterator
from pathlib import Path

from markdown_table import table

from edge_agent.blueprint import resolve
from edge_agent.blueprint.description import describe
from edge_agent.schema.asyncapi import document
from edge_agent.schema.avro import record_schema
from edge_agent.schema.json_schema import ENVELOPE, Schema, name, schemas, types

HERE = Path(__file__).parent


def events() -> dict[str, str]:
    """Return what every event has around its data, and what the data of each type holds."""
    sample = (HERE.parent / "tests/schema/golden/v1/reading.good.json").read_text(encoding="utf-8")
    contracts = {name: _contract(name, schema) for name, schema in schemas()}
    return {"sample": f"```json\n{sample}```", **contracts}


def _contract(name: str, schema: Schema) -> str:
    """Return a schema's text, fields and nested objects, with a sample for a type."""
    parts = [schema["description"], *_fields(schema)]
    for below in () if name == ENVELOPE else schema.get("$defs", {}).values():
        parts += [f"`{below['title']}`: {below['description']}", *_fields(below)]
    if name != ENVELOPE:
        parts.append(f"[JSON Schema](schemas/json/{name}.json)")
    return "\n\n".join(parts)


def _fields(schema: Schema) -> Iterator[str]:
    rows = (
        (f"`{key}`", _words(field), _if_left_out(schema, key), field.get("description", ""))
        for key, field in schema["properties"].items()
    )
    yield table(("field", "value", "if left out", "what"), rows)


def _if_left_out(schema: Schema, key: str) -> str:
    if key in schema["required"]:
        return "required"
    field = schema["properties"][key]
    return f"`{json.dumps(field['default'])}`" if "default" in field else "absent"


def _words(schema: Schema) -> str:
    """Return what a value is, in a few words."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "prefixItems" in schema:
        return f"array of {len(schema['prefixItems'])} {_words(schema['prefixItems'][0])}s"
    below = schema.get("additionalProperties") or schema.get("items")
    kind = str(schema.get("type", "object"))
    return f"{kind} of {_words(below)}s" if isinstance(below, dict) and below else kind


def schema_files() -> dict[Path, str]:
    """Return the schemas that other programs may take from here, by file."""
    greenhouse = describe(resolve(HERE.parent / "examples/greenhouse.toml"))
    found = {
        **{f"json/{name}.json": schema for name, schema in schemas()},
        **{f"avro/{name(type_)}.avsc": record_schema(type_) for type_ in types()},
        "asyncapi/greenhouse.json": document(greenhouse),
    }
    return {
        HERE / f"schemas/{file}": json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        for file, schema in found.items()
    }
