"""The keys of an HTTP sink."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge_agent.deliver.network_options import TlsOptions
from edge_agent.keys import SECRET_FILE, SECRET_VARIABLE

Content: TypeAlias = Literal["structured", "binary"]


class HttpOptions(TlsOptions, frozen=True, kw_only=True):
    """How to post; files and variables are read at each request, so they may be replaced."""

    content: Annotated[
        Content,
        Meta(
            description='"structured": an event is one JSON object; "binary": its attributes are'
            " headers, and its data is the body"
        ),
    ] = "structured"
    token_file: Annotated[str, Meta(description="file with a bearer token", extra=SECRET_FILE)] = ""
    token_env: Annotated[
        str, Meta(description="environment variable with a bearer token", extra=SECRET_VARIABLE)
    ] = ""
    secret_file: Annotated[
        str,
        Meta(
            description="file with the secret that signs each request: whsec_ and base64",
            extra=SECRET_FILE,
        ),
    ] = ""
    secret_env: Annotated[
        str,
        Meta(description="environment variable with the signing secret", extra=SECRET_VARIABLE),
    ] = ""
