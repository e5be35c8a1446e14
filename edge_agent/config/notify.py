"""Services that send alerts to people."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.settings import Name, Settings
from edge_agent.deliver.notify.options import NotifyOptions
from edge_agent.keys import SECRET


class NotifySettings(Settings, NotifyOptions, frozen=True, kw_only=True):
    """`[[notify]]`: a service that sends alerts to people, through Apprise (extra `[notify]`)."""

    name: Name
    url: Annotated[
        str,
        Meta(
            description="Apprise URL such as ntfy://topic; https://appriseit.com lists them",
            extra=SECRET,
        ),
    ] = ""
