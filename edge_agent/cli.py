"""The command line: `edge-agent`. Each command's module is imported only when it is used."""

from typing import NoReturn

import click

from edge_agent.command_line import LazyGroup, run
from edge_agent.commands.config_choice import config_before
from edge_agent.commands.options import quiet_option, verbose_option

COMMANDS = {
    "calibrate": "Correct a channel by known points, or a CO2 sensor by its air.",
    "check": "Report every problem of a configuration at once.",
    "control": "Change inputs and faults of a running simulation.",
    "demo": "Run the greenhouse example on simulated hardware, with its page.",
    "doctor": "Find what stops the agent from working, and how to fix it.",
    "drivers": "List the drivers with their buses, channels and options.",
    "init": "Write a configuration for the sensors of this machine.",
    "log": "Show, count or export the stored events.",
    "pins": "Draw the header of the Pi with what the configuration puts on each pin.",
    "read": "Measure one device once.",
    "rules": "Test rules before you rely on them.",
    "run": "Run the agent on this machine's hardware.",
    "safe": "Switch every output to its safe state.",
    "scan": "Show which chips are connected, and which driver fits.",
    "schema": "Print the contracts of the events, for other programs.",
    "service": "Install, remove or inspect the systemd service.",
    "simulate": "Run the agent on simulated hardware.",
    "sinks": "Show the state, lag and last error of every sink.",
    "usbip": "Offer simulated chips to this machine's kernel, as real buses.",
}
EPILOG = """
Exit codes: 0 success; 1 failure while running; 2 error in the configuration or command line;
3 missing hardware; 4 unusable event log; 5 the simulation cannot start.
"""
MODULES = {name: (f"edge_agent.commands.{name}", what) for name, what in COMMANDS.items()}


@click.group(
    cls=LazyGroup,
    modules=MODULES,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="edge-agent", prog_name="edge-agent")
@config_before
@verbose_option
@quiet_option
def cli(**_: bool) -> None:
    """Read sensors, evaluate rules, switch outputs, and deliver every event.

    `edge-agent demo` shows it on any machine.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; if it fails, end with one clear line and an exit code."""
    run(cli, "edge-agent", arguments)
