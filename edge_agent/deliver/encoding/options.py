"""The keys of a sink whose events may be Avro instead of JSON."""

from typing import Annotated, Literal

from msgspec import Meta

from edge_agent.deliver.network_options import NetworkOptions
from edge_agent.keys import FILE, SECRET_FILE, SECRET_VARIABLE


class EncodingOptions(NetworkOptions, frozen=True, kw_only=True):
    """How to log in, and how to encode events."""

    format: Annotated[
        Literal["json", "avro"],
        Meta(description='"json", or "avro"; without a registry, Avro is single-object encoding'),
    ] = "json"
    registry: Annotated[
        str,
        Meta(
            description="URL of a schema registry with Confluent's interface, for Avro;"
            " each message then begins with the id of its schema"
        ),
    ] = ""
    subject: Annotated[
        Literal["topic", "record"],
        Meta(
            description='under which subject schemas are registered: "topic" for <topic>-value,'
            ' "record" for the name of the record'
        ),
    ] = "topic"
    registry_username: Annotated[str, Meta(description="user name for the registry")] = ""
    registry_password_file: Annotated[
        str, Meta(description="file with the registry's password", extra=SECRET_FILE)
    ] = ""
    registry_password_env: Annotated[
        str,
        Meta(description="environment variable with this password", extra=SECRET_VARIABLE),
    ] = ""
    registry_ca: Annotated[
        str,
        Meta(description="PEM file of the CA that signed the registry's certificate", extra=FILE),
    ] = ""

    @property
    def registry_login(self) -> NetworkOptions:
        """The keys of the registry's login, without their prefix."""
        return NetworkOptions(
            username=self.registry_username,
            password_file=self.registry_password_file,
            password_env=self.registry_password_env,
            ca=self.registry_ca,
        )
