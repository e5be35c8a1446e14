"""Options that the consumers share: where events come from, and durations."""

import re
from collections.abc import Callable
from typing import Any

import click

from consumers.mqtt import MqttSource, random_client_id
from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.mqtt.address import Broker, parse_url
from edge_agent.errors import AgentError
from edge_agent.paths import expanded
from edge_agent.private_files import refuse_exposed
from edge_agent.units import Duration


class DurationType(click.ParamType):  # type: ignore[type-arg]  # not generic in click 8.1
    """A duration such as 500ms, 10s, 5m, 7d."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        try:
            return Duration.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


NODE = re.compile("[A-Za-z0-9_-]+")
DURATION = DurationType()
SOURCE_OPTIONS = (
    click.argument("url"),
    click.argument("nodes", metavar="[NODE]...", nargs=-1),
    click.option("--username", default="", help="User name for the broker."),
    click.option("--password-file", default="", help="File with the password."),
    click.option("--password-env", default="", help="Environment variable with the password."),
    click.option("--ca", default="", help="PEM file of the CA that signed the certificate."),
    click.option("--certificate", default="", help="PEM file of this client's certificate."),
    click.option("--key", default="", help="PEM file of this client's private key."),
    click.option(
        "--client-id",
        default="",
        help="Keep the session under this id, so that the next run gets what comes meanwhile.",
    ),
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options that `source_of` takes."""
    for option in reversed(SOURCE_OPTIONS):
        command = option(command)
    return command


def source_of(
    url: str,
    nodes: tuple[str, ...],
    *,
    username: str,
    password_file: str,
    password_env: str,
    ca: str,
    certificate: str,
    key: str,
    client_id: str,
) -> MqttSource:
    """Return a source, not yet open; raise click.UsageError if an option is wrong."""
    try:
        address = parse_url(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from None
    if unusable := [node for node in nodes if not NODE.fullmatch(node)]:
        raise click.BadParameter(f"no node has the name {unusable[0]!r}", param_hint="NODE")
    for secret in filter(None, (password_file, key)):
        _refuse_exposed(secret)
    broker = Broker(
        (address,),
        client_id or random_client_id(),
        username=username,
        password_file=password_file,
        password_env=password_env,
        tls=TlsFiles(ca, certificate, key),
    )
    return MqttSource(broker, nodes, keep=bool(client_id))


def _refuse_exposed(path: str) -> None:
    try:
        refuse_exposed(expanded(path))
    except AgentError as error:
        raise click.UsageError(f"{path}: {error}") from None
