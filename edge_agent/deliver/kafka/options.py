"""The keys of a Kafka sink, and of an Event Hubs sink."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge_agent.deliver.encoding.options import EncodingOptions
from edge_agent.deliver.sink import SinkOptions
from edge_agent.keys import FILE, SECRET_FILE, SECRET_VARIABLE, within
from edge_agent.units import Size

Content: TypeAlias = Literal["structured", "binary"]
Mechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

CONTENT = Meta(
    description='"structured": the value is a CloudEvent; "binary": its attributes are headers'
)
LARGEST = 1_000_000  # bytes: what a topic takes unless it is configured otherwise
MAX_MESSAGE = Meta(
    description="largest record, before compression: 2kB to 100MB; "
    "the topic's own limit counts if it is lower",
    extra=within(2_000, 100_000_000),
)
HUB_MAX_MESSAGE = Meta(
    description="largest record, before compression: 2kB to 1MB",
    extra=within(2_000, LARGEST),
)


class KafkaOptions(EncodingOptions, frozen=True, kw_only=True):
    """How to log in to a Kafka cluster, and what its records look like."""

    topic: Annotated[
        str, Meta(description="topic; default: what follows the servers in the URL")
    ] = ""
    tls: Annotated[bool, Meta(description="whether the servers speak TLS: true or false")] = False
    mechanism: Annotated[
        Mechanism,
        Meta(
            description="how user and password are sent: "
            '"PLAIN" (needs TLS), "SCRAM-SHA-256" or "SCRAM-SHA-512"'
        ),
    ] = "SCRAM-SHA-512"
    compression: Annotated[
        Literal["none", "gzip", "snappy", "lz4", "zstd"],
        Meta(description='"none", "gzip", "snappy", "lz4" or "zstd"'),
    ] = "none"
    content: Annotated[Content, CONTENT] = "structured"
    max_message: Annotated[Size, MAX_MESSAGE] = Size(LARGEST)


class EventHubsOptions(SinkOptions, frozen=True, kw_only=True):
    """How to log in to an Event Hubs namespace, and what its events look like."""

    connection_string_file: Annotated[
        str,
        Meta(description="file with the connection string", extra=SECRET_FILE),
    ] = ""
    connection_string_env: Annotated[
        str,
        Meta(description="environment variable with the connection string", extra=SECRET_VARIABLE),
    ] = ""
    ca: Annotated[
        str, Meta(description="PEM file of the CA, if it is not a public one", extra=FILE)
    ] = ""
    compression: Annotated[
        Literal["none", "gzip"], Meta(description='"none" or "gzip"; Event Hubs knows no other')
    ] = "none"
    content: Annotated[Content, CONTENT] = "structured"
    max_message: Annotated[Size, HUB_MAX_MESSAGE] = Size(LARGEST)
