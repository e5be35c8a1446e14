"""The channels of one node, and what it does with them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from edge_agent.schema.asyncapi import messages
from edge_agent.schema.asyncapi.description import NodeDescription, SinkDescription
from edge_agent.schema.asyncapi.messages import Message

LOSSY = {"qos": 0, "retain": False}
SENT = {"qos": 1, "retain": False}


class ChannelEntry(NamedTuple):
    """A channel: its address, if it is known, the sinks that have it, and its messages.

    `binding` says how MQTT carries it; `answer` is the key of the channel that a command's answer
    goes to, for commands only.
    """

    key: str
    address: str | None
    sinks: tuple[str, ...]
    messages: tuple[Message, ...]
    binding: dict[str, Any] | None = None
    answer: str = ""

    @property
    def references(self) -> list[dict[str, str]]:
        """References to its messages, as operations have them."""
        return [{"$ref": f"#/channels/{self.key}/messages/{one.key}"} for one in self.messages]


def channels(node: NodeDescription) -> Iterator[ChannelEntry]:
    """Yield the channels of all sinks.

    Those of topics that begin otherwise than those of the first sink bear the sink's name.
    """
    below: dict[str, list[SinkDescription]] = {}
    for sink in node.sinks:
        below.setdefault(sink.topics, []).append(sink)
    for sink in below.pop("", ()):
        sent = tuple(messages.sent(node, sink))
        yield ChannelEntry(f"sink.{sink.name}", None, (sink.name,), sent)
    for number, sinks in enumerate(below.values()):
        for entry in _topics(node, sinks):
            yield entry._replace(key=f"{sinks[0].name}.{entry.key}") if number else entry


def _topics(node: NodeDescription, sinks: list[SinkDescription]) -> Iterator[ChannelEntry]:
    live = [sink for sink in sinks if sink.live]
    yield from _about(sinks)
    yield from _events(node, sinks)
    yield from _state(node, live)
    yield from _commands(node, [sink for sink in live if sink.commands])


def _about(sinks: list[SinkDescription]) -> Iterator[ChannelEntry]:
    for message in (messages.STATUS, messages.INFO):
        yield _topic(message.key, message, sinks, retain=True)


def _events(node: NodeDescription, sinks: list[SinkDescription]) -> Iterator[ChannelEntry]:
    for kind, subject, message in messages.events(node):
        having = [sink for sink in sinks if kind in sink.kinds and sink.form != "batch"]
        if having:
            yield _topic(f"event/{kind}/{subject}", message, having)
    for sink in (one for one in sinks if one.form == "batch"):
        (several,) = messages.sent(node, sink)
        yield _topic("batch", several, [sink])._replace(key=several.key)


def _state(node: NodeDescription, sinks: list[SinkDescription]) -> Iterator[ChannelEntry]:
    for sink in sinks:
        for device in node.devices if "reading" in sink.kinds else ():
            entry = _topic(f"state/{device.name}", messages.state(device), [sink])
            yield entry._replace(binding=LOSSY)
    if node.diagnostics and sinks:
        entry = _topic("diagnostics", messages.diagnostics(node), sinks)
        yield entry._replace(binding=LOSSY)
    for rule in node.alerts if sinks else ():
        yield _topic(f"alert/{rule}", messages.alert(rule), sinks, retain=True)
    for name in node.outputs if sinks else ():
        yield _topic(f"output/{name}", messages.output(name), sinks, retain=True)


def _commands(node: NodeDescription, sinks: list[SinkDescription]) -> Iterator[ChannelEntry]:
    for name in node.commands if sinks else ():
        answer = _topic(f"command/{name}/response", messages.ANSWER, sinks)
        request = _topic(f"command/{name}", messages.command(node, name), sinks)
        yield answer
        yield request._replace(answer=answer.key)


def _topic(
    topic: str,
    message: Message,
    sinks: list[SinkDescription],
    *,
    retain: bool = False,
) -> ChannelEntry:
    retained = retain and all(sink.retained for sink in sinks)
    names = tuple(sink.name for sink in sinks)
    key = topic.replace("/", ".")
    binding = {**SENT, "retain": retained}
    return ChannelEntry(key, f"{sinks[0].topics}/{topic}", names, (message,), binding)
