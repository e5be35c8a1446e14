"""Services that send alerts to people."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.settings import SECRET, SECRET_FILE, Name, Settings, choices
from edge_agent.events import Severity


class NotifySettings(Settings, frozen=True, kw_only=True):
    """`[[notify]]`: a service that sends alerts to people, through Apprise (extra `[notify]`)."""

    name: Name
    url: Annotated[
        str,
        Meta(
            description="Apprise URL such as ntfy://topic; https://appriseit.com lists them",
            extra=SECRET,
        ),
    ] = ""
    url_file: Annotated[
        str,
        Meta(
            description="file that holds the URL instead, if the URL is a secret",
            extra=SECRET_FILE,
        ),
    ] = ""
    severity: Annotated[
        Severity, Meta(description=f"lowest severity that is sent: {choices(Severity)}")
    ] = "warning"
