"""Options that the consumers share: where events come from, and durations."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

import click

from consumers.source import Source, SourcePlan
from consumers.sources.catalog import source_of
from edge_agent.config.listen import ListenAddress, listen_address
from edge_agent.errors import AgentError
from edge_agent.instants import instant_of
from edge_agent.paths import expanded
from edge_agent.private_files import refuse_exposed
from edge_agent.topic_names import TOPIC
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


class TimeType(click.ParamType):  # type: ignore[type-arg]  # not generic in click 8.1
    """A point in time; one without a time zone is in `zone`, or in this machine's."""

    name = "time"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time."""
        try:
            return instant_of(str(value), datetime.now(UTC), self._zone)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class AddressType(click.ParamType):  # type: ignore[type-arg]  # not generic in click 8.1
    """An address of this machine and a port, such as `example`."""

    name = "address"

    def __init__(self, example: str) -> None:
        self._example = example

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> ListenAddress:
        """Return host and port."""
        try:
            return listen_address(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}; write one such as {self._example}", param, ctx)


NODE = re.compile("[A-Za-z0-9_-]+")
DURATION = DurationType()
CONNECTION_OPTIONS = (
    click.option(
        "--topic",
        default=TOPIC,
        show_default=True,
        help="How the agents' MQTT topics begin; {node} stands for the name of a node.",
    ),
    click.option("--username", default="", help="User name for the broker."),
    click.option("--password-file", default="", help="File with the password."),
    click.option("--password-env", default="", help="Environment variable with the password."),
    click.option("--ca", default="", help="PEM file of the CA that signed the certificate."),
    click.option("--certificate", default="", help="PEM file of this client's certificate."),
    click.option("--key", default="", help="PEM file of this client's private key."),
    click.option(
        "--group",
        default="",
        help="Let the bus keep our place under this name: the next run resumes there.",
    ),
)
SOURCE_OPTIONS = (
    click.argument("url"),
    click.argument("nodes", metavar="[NODE]...", nargs=-1),
    *CONNECTION_OPTIONS,
)
member_option = click.option(
    "--member", default="", help="The name of this one if several share the work of the group."
)


def start_option(default: Literal["now", "beginning"]) -> Callable[..., Any]:
    """Return the option that says where a reader without a place begins."""
    return click.option(
        "--start",
        type=click.Choice(["now", "beginning"]),
        default=default,
        show_default=True,
        help="Where a reader without a place begins, if the bus keeps what was before.",
    )


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options that `chosen_source` takes."""
    return with_options(command, SOURCE_OPTIONS)


def with_options(
    command: Callable[..., Any], options: Sequence[Callable[..., Any]]
) -> Callable[..., Any]:
    """Add arguments and options in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def chosen_source(**options: Any) -> Source:  # noqa: ANN401 - those of SOURCE_OPTIONS
    """Return the source that the options name, not yet open; raise click.UsageError."""
    plan = SourcePlan(**options)
    if unusable := [node for node in plan.nodes if not NODE.fullmatch(node)]:
        raise click.BadParameter(f"no node has the name {unusable[0]!r}", param_hint="NODE")
    if bool(plan.certificate) != bool(plan.key):
        raise click.UsageError("--certificate and --key go together")
    for secret in filter(None, (plan.password_file, plan.key)):
        _refuse_exposed(secret)
    try:
        return source_of(plan)
    except AgentError as error:
        raise click.BadParameter(str(error), param_hint="URL") from None


def _refuse_exposed(path: str) -> None:
    try:
        refuse_exposed(expanded(path))
    except AgentError as error:
        raise click.UsageError(f"{path}: {error}") from None
