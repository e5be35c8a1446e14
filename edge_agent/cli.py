"""The command line: `edge-agent`. Each command's module is imported only when it is used."""

import importlib
import os
import sys
from typing import Any, NoReturn

import click

from edge_agent.errors import AgentError, ConfigError

COMMANDS = {
    "check": "Report every problem of a configuration at once.",
    "control": "Change inputs and faults of a running simulation.",
    "doctor": "Find what stops the agent from working, and how to fix it.",
    "drivers": "List the drivers with their buses, channels and options.",
    "init": "Write a configuration for the sensors of this machine.",
    "log": "Show, count or export the stored events.",
    "read": "Measure one device once.",
    "rules": "Test rules before you rely on them.",
    "run": "Run the agent on this machine's hardware.",
    "safe": "Switch every output to its safe state.",
    "scan": "Show which chips are connected, and which driver fits.",
    "service": "Install, remove or inspect the systemd service.",
    "simulate": "Run the agent on simulated hardware.",
    "usbip": "Offer simulated chips to this machine's kernel, as real buses.",
}
EPILOG = """
Exit codes: 0 success; 1 failure while running; 2 error in the configuration or command line;
3 missing hardware; 4 unusable event log; 5 the simulation cannot start.
"""


class LazyGroup(click.Group):
    """Knows its commands by name, and imports the module of the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"edge_agent.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="edge-agent", prog_name="edge-agent")
def cli() -> None:
    """Read sensors, evaluate rules, switch outputs, and deliver every event."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; if it fails, end with one clear line and an exit code."""
    open_standard_streams()
    try:
        code: Any = cli.main(arguments, "edge-agent", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    except AgentError as error:
        code = _explain(error)
    except BrokenPipeError:
        code = 0  # the reader has gone, as `head` does
    _drop_what_cannot_be_written()
    sys.exit(code if isinstance(code, int) else 0)


def open_standard_streams() -> None:
    """Open /dev/null in place of a closed stream; a file of ours must not get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _drop_what_cannot_be_written() -> None:
    """Flush the streams here: if it failed at the very end, the exit code would be 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _explain(error: AgentError) -> int:
    lines = error.problems if isinstance(error, ConfigError) else [str(error)]
    for line in lines:
        click.echo(line, err=True)
    return error.exit_code
