"""`[[notify]]`: services that get the alerts."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.settings import Name, Settings
from edge_agent.events import Severity


class NotifySettings(Settings, frozen=True, kw_only=True):
    """`[[notify]]`: a service that gets the alerts, through Apprise (extra `[notify]`)."""

    name: Name
    url: Annotated[
        str, Meta(description="Apprise URL such as ntfy://topic; https://appriseit.com lists them")
    ] = ""
    url_file: Annotated[
        str, Meta(description="file with the URL instead, for one that holds a secret")
    ] = ""
    severity: Annotated[
        Severity, Meta(description='least severity: "info", "warning" or "critical"')
    ] = "warning"
