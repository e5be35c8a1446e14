"""The command line: `edge-consumer`. Each command's module is imported only when it is used."""

from typing import NoReturn

import click

from edge_agent.command_line import LazyGroup, run

MODULES = {
    "aggregate": (
        "consumers.aggregate.command",
        "Store the readings of nodes, and windows over them.",
    ),
    "alerts": (
        "consumers.alerts.command",
        "Evaluate rules over the channels of any node, and notify people.",
    ),
    "audit": (
        "consumers.audit.command",
        "Find what was lost, contradictory, duplicated, reordered or late.",
    ),
    "replay": (
        "consumers.replay.command",
        "Send what a log or a bus still has to a sink once more.",
    ),
    "bridge": ("consumers.bridge.command", "Hand events from any source to any sink."),
    "dead": (
        "consumers.inbox.command",
        "List what consumers could not use, try it again, or drop it.",
    ),
    "query": (
        "consumers.query.command",
        "Print readings and windows of a store, or plot them.",
    ),
}
EPILOG = """
Exit codes: 0 success; 1 failure while running, or a finding; 2 error in the command line;
4 no connection, or nothing to read.
"""


@click.group(
    cls=LazyGroup,
    modules=MODULES,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="edge-agent", prog_name="edge-consumer")
def cli() -> None:
    """Read the events of agents, on any machine."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; if it fails, end with one clear line and an exit code."""
    run(cli, "edge-consumer", arguments)
