"""`[home_assistant]`: whether Home Assistant finds this agent by itself, and what it shows."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from edge_agent.config.settings import Settings
from edge_agent.keys import FILE, SECRET_FILE

DiscoveryForm: TypeAlias = Literal["device", "entity"]


class HomeAssistantSettings(Settings, frozen=True, kw_only=True):
    """`[home_assistant]`: discovery over the broker of `[mqtt]`.

    An item is named as in the configuration: `door.active`, `output.fan` or `rule.too_warm`.
    """

    enabled: Annotated[
        bool, Meta(description="whether Home Assistant finds this agent: true or false")
    ] = False
    prefix: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
            max_length=64,
            description="the discovery prefix that Home Assistant is set to",
        ),
    ] = "homeassistant"
    form: Annotated[
        DiscoveryForm,
        Meta(
            description='"device": one message; "entity": one for each entity, which Home Assistant'
            " before 2024.11 needs"
        ),
    ] = "device"
    id: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9_-]*$",
            max_length=64,
            description="as what Home Assistant knows this node, such as its name before it was"
            " renamed; default: the node's name",
        ),
    ] = ""
    classes: Annotated[
        dict[str, str],
        Meta(
            description="what an item is: the device class of a contact, such as"
            ' { "door.active" = "door" }; switch, outlet, light or number for an output'
        ),
    ] = field(default_factory=dict)
    titles: Annotated[
        dict[str, str],
        Meta(description='what an item is called, such as { "air.temperature" = "Air" }'),
    ] = field(default_factory=dict)
    hidden: Annotated[
        tuple[str, ...], Meta(description="items that Home Assistant does not get")
    ] = ()
    url: Annotated[
        str,
        Meta(
            description="where Home Assistant is, such as http://homeassistant.local:8123: it gets"
            " the hours that its statistics lack; default: it gets none"
        ),
    ] = ""
    token_file: Annotated[
        str,
        Meta(
            description="file with a long-lived access token of an administrator, for url",
            extra=SECRET_FILE,
        ),
    ] = ""
    ca: Annotated[
        str,
        Meta(description="PEM file of the CA that signed the certificate at url", extra=FILE),
    ] = ""
