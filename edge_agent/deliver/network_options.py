"""The keys that sinks share which reach a server: TLS files, and a login to a broker."""

from typing import Annotated

from msgspec import Meta

from edge_agent.deliver.sink import SinkOptions
from edge_agent.keys import FILE, SECRET_FILE, SECRET_VARIABLE

MAX_USERNAME = 16_383  # characters of up to 4 bytes: MQTT's limit is 65535 bytes

PRINTABLE = "^[^\\x00-\\x1f\\x7f-\\x9f]*$"  # brokers end a connection for a control character


class TlsOptions(SinkOptions, frozen=True, kw_only=True):
    """PEM files; they are read at each connection, so they may be replaced."""

    ca: Annotated[
        str, Meta(description="PEM file of the CA that signed the server's certificate", extra=FILE)
    ] = ""
    certificate: Annotated[
        str, Meta(description="PEM file of this client's certificate", extra=FILE)
    ] = ""
    key: Annotated[
        str, Meta(description="PEM file of this client's private key", extra=SECRET_FILE)
    ] = ""


class NetworkOptions(TlsOptions, frozen=True, kw_only=True):
    """How to log in; files and variables are read at each connection, so they may be replaced."""

    username: Annotated[
        str,
        Meta(max_length=MAX_USERNAME, pattern=PRINTABLE, description="user name for the broker"),
    ] = ""
    password_file: Annotated[
        str,
        Meta(
            description="file with the password, such as a systemd credential",
            extra=SECRET_FILE,
        ),
    ] = ""
    password_env: Annotated[
        str, Meta(description="environment variable with the password", extra=SECRET_VARIABLE)
    ] = ""
