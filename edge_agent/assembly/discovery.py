"""What Home Assistant has discovered of us, so that it vanishes there when it is gone here."""

import logging
from collections.abc import Iterator, Mapping
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from edge_agent.blueprint import Blueprint
from edge_agent.events import SavedState

NAME = "discovery"  # of the saved state
MOST = 1000  # topics, and entities of one topic, that are remembered
Published: TypeAlias = Mapping[str, Mapping[str, str]]
Part: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_/-]+\Z", max_length=300)]

_logger = logging.getLogger(__name__)


class DiscoveryMemory:
    """The discovery messages so far; `saved` has the states from before a restart.

    An agent that never was discoverable has none.
    """

    def __init__(self, saved: Mapping[str, bytes]) -> None:
        self._known: dict[str, dict[str, str]] = {}
        try:
            kind = dict[Part, dict[Part, Part]]
            self._known = msgspec.json.decode(saved.get(NAME) or b"{}", type=kind)
        except msgspec.MsgspecError as error:
            what = "what Home Assistant has discovered cannot be read, and is ignored"
            _logger.warning("%s: %s", what, error)

    def messages(self, blueprint: Blueprint) -> dict[str, bytes]:
        """Return the messages by topic; those of what is gone come first, and are empty."""
        messages, published = self._discovered(blueprint)
        gone = self._known.keys() - published.keys()
        return {**dict.fromkeys(sorted(gone), b""), **messages}

    def learn(self, blueprint: Blueprint) -> Iterator[SavedState]:
        """Add what a blueprint publishes; yield the state to save, if there is any."""
        _, published = self._discovered(blueprint)
        gone = {topic: parts for topic, parts in self._known.items() if topic not in published}
        known = [*gone.items(), *published.items()][-MOST:]
        self._known = {topic: dict([*parts.items()][-MOST:]) for topic, parts in known}
        if self._known:
            yield SavedState(NAME, msgspec.json.encode(self._known))

    def _discovered(self, blueprint: Blueprint) -> tuple[Mapping[str, bytes], Published]:
        config = blueprint.config
        if not config.home_assistant.enabled:
            return {}, {}
        from edge_agent.blueprint.discovered import discovered_node  # noqa: PLC0415
        from edge_agent.deliver.mqtt.discovery.messages import discovery  # noqa: PLC0415

        settings = config.home_assistant
        node = discovered_node(config, blueprint.devices, blueprint.outputs)
        return discovery(node, settings.prefix, settings.form, self._known)
