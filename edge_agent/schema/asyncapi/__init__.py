"""An AsyncAPI 3 document of one node: where its events go, and what they look like.

`action` is seen from the agent: it sends events and states, and receives commands.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edge_agent.schema.asyncapi.channels import ChannelEntry, channels
from edge_agent.schema.asyncapi.description import NodeDescription, SinkDescription
from edge_agent.schema.asyncapi.schemas import components, event_structs

VERSION = "3.1.0"  # of AsyncAPI
# AsyncAPI's names of protocols, by the scheme of a URL; the others have the scheme's.
PROTOCOLS = {
    "mqtts": "secure-mqtt",
    "ws": "mqtt",
    "wss": "secure-mqtt",
    "eventhubs": "kafka-secure",
    "sns+https": "sns",
    "sqs+https": "sqs",
}
LOGIN = {"login": {"type": "userPassword", "description": "user name and password"}}


def document(node: NodeDescription) -> dict[str, Any]:
    """Return the document; equal descriptions give equal documents."""
    found = list(channels(node))
    servers = {sink.name: _servers(sink) for sink in node.sinks}
    messages = {message.key: message for entry in found for message in entry.messages}
    return {
        "asyncapi": VERSION,
        "id": f"urn:edge:{node.name}",
        "info": _info(node),
        "defaultContentType": "application/json",
        "servers": {key: one for group in servers.values() for key, one in group.items()},
        "channels": {entry.key: _channel(entry, servers) for entry in found},
        "operations": dict(_operations(found)),
        "components": {
            "messages": {key: message.component for key, message in messages.items()},
            "schemas": components([*event_structs(), *node.commands.values()]),
            "securitySchemes": LOGIN,
        },
    }


def _info(node: NodeDescription) -> dict[str, Any]:
    what = f"The events, states and commands of {node.name}, a node with edge-agent {node.version}."
    return {"title": node.name, "version": node.version, "description": what}


def _servers(sink: SinkDescription) -> dict[str, Any]:
    """Return the servers of a sink, by their keys."""
    login = [{"$ref": "#/components/securitySchemes/login"}]
    more: dict[str, Any] = {"security": login} if sink.login else {}
    return {
        f"{sink.name}-{n}" if n > 1 else sink.name: {
            "host": one.host,
            "protocol": PROTOCOLS.get(one.scheme, one.scheme),
            **more,
        }
        for n, one in enumerate(sink.servers, start=1)
    }


def _channel(entry: ChannelEntry, servers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    keys = [key for name in entry.sinks for key in servers[name]]
    return {
        "address": entry.address,
        "servers": [{"$ref": f"#/servers/{key}"} for key in keys],
        "messages": {
            one.key: {"$ref": f"#/components/messages/{one.key}"} for one in entry.messages
        },
    }


def _operations(entries: Sequence[ChannelEntry]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what the agent does; an answer belongs to the operation that receives its command."""
    answers = {entry.answer: entry for entry in entries if entry.answer}
    for entry in entries:
        if entry.key not in answers:
            action = "receive" if entry.answer else "send"
            yield f"{action}.{entry.key}", {**_operation(action, entry), **_reply(entry, entries)}


def _operation(action: str, entry: ChannelEntry) -> dict[str, Any]:
    found: dict[str, Any] = {"action": action, "channel": {"$ref": f"#/channels/{entry.key}"}}
    if entry.binding:
        found["bindings"] = {"mqtt": entry.binding}
    return {**found, "messages": entry.references}


def _reply(entry: ChannelEntry, entries: Sequence[ChannelEntry]) -> dict[str, Any]:
    for answer in entries:
        if entry.answer == answer.key:
            channel = {"$ref": f"#/channels/{answer.key}"}
            return {"reply": {"channel": channel, "messages": answer.references}}
    return {}
