"""One entity as Home Assistant configures it over MQTT."""

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

Platform: TypeAlias = Literal["binary_sensor", "button", "light", "number", "sensor", "switch"]
Options: TypeAlias = dict[str, Any]


class Component(NamedTuple):
    """An entity; `name` is unique within its platform and node."""

    platform: Platform
    name: str
    title: str
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Return what tells it from the node's other entities of all platforms."""
        return f"{self.platform}_{self.name}"

    def unique_id(self, node: str) -> str:
        """Return by what Home Assistant knows it; `node` is the id of its node there."""
        return f"edge_{node}_{self.name}"

    def payload(self, node: str) -> Options:
        """Return what Home Assistant reads; `node` is the id of its node there."""
        ids = {"name": self.title, "unique_id": self.unique_id(node)}
        return {"platform": self.platform, **ids, **self.options}


def component(platform: Platform, name: str, title: str, *options: Options) -> Component:
    """Return a component with all the options; its name is made fit for a topic."""
    plain = re.sub("[^A-Za-z0-9_-]", "_", name)
    merged: Options = {}
    for one in options:
        merged |= one
    return Component(platform, plain, title, merged)
