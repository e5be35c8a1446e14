"""The keys of a notification sink; `[[notify]]` has the same."""

from typing import Annotated

from msgspec import Meta

from edge_agent.deliver.sink import SinkOptions
from edge_agent.events import Severity
from edge_agent.keys import SECRET_FILE, choices


class NotifyOptions(SinkOptions, frozen=True, kw_only=True):
    """The keys of a `notify:` sink."""

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
