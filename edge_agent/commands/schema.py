"""`edge-agent schema`: the contracts of the events, for those who write other programs."""

import json
from pathlib import Path
from typing import Any

import click

from edge_agent.blueprint import resolve
from edge_agent.blueprint.description import describe
from edge_agent.command_line import HelpfulGroup
from edge_agent.commands.config_choice import config_argument
from edge_agent.commands.options import json_option
from edge_agent.schema.asyncapi import document
from edge_agent.schema.avro import record_schema, union_schema
from edge_agent.schema.cloud_event import WRITTEN, EventType
from edge_agent.schema.json_schema import data_schema, event_schema, name, types, uri


@click.group(cls=HelpfulGroup)
def schema() -> None:
    """Print the contracts of the events, for other programs.

    TYPE is a kind of event, such as reading, or one with its version, such as reading.v1.
    """


@schema.command("list")
@json_option
def list_types(as_json: bool) -> None:
    """List the types of event, with the versions that are in use."""
    found = {str(type_): _facts(type_) for type_ in types()}
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for type_, facts in found.items():
        click.echo(f"{type_:<19}  {facts['about']}")


type_argument = click.argument(
    "type_", metavar="[TYPE]", required=False, callback=lambda _c, _p, text: _type(text)
)


@schema.command("json")
@type_argument
def print_json_schema(type_: EventType | None) -> None:
    """Print the JSON Schema (2020-12) of TYPE's data; without it, that of a whole CloudEvent."""
    _print(event_schema() if type_ is None else data_schema(type_))


@schema.command("avro")
@type_argument
def print_avro_schema(type_: EventType | None) -> None:
    """Print the Avro schema of TYPE's events; without it, a union of all."""
    _print(union_schema() if type_ is None else record_schema(type_))


@schema.command("asyncapi")
@config_argument
def print_asyncapi_document(config: Path) -> None:
    """Print CONFIG as an AsyncAPI 3 document: channels, messages, units."""
    _print(document(describe(resolve(config))))


def _print(found: object) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def _type(text: str | None) -> EventType | None:
    """Return the type that an argument names; raise click.BadParameter for an unknown one."""
    if text is None:
        return None
    known = {name(type_): type_ for type_ in types()}
    found = known.get(f"{text}.v{WRITTEN[text]}" if text in WRITTEN else text)
    if found is None:
        raise click.BadParameter(f"no such type: {text!r}; known: {', '.join(known)}")
    return found


def _facts(type_: EventType) -> dict[str, Any]:
    found = data_schema(type_)
    written = WRITTEN[type_.kind] == type_.version
    about = found["description"].splitlines()[0]
    return {"schema": uri(type_), "about": about, "written": written}
