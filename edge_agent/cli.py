"""The command line: `edge-agent`. Each command's module is imported only when it is used."""

import importlib
import sys
from typing import Any, NoReturn

import click

from edge_agent.errors import AgentError, ConfigError

COMMANDS = {
    "check": "Check a configuration: every problem at once.",
    "doctor": "Find what keeps the agent from working, and say how to mend it.",
    "drivers": "List the drivers with buses, channels and options.",
    "init": "Look at this machine and write a configuration for it.",
    "log": "Look into the event log.",
    "read": "Measure one device once.",
    "rules": "Try rules before they are trusted.",
    "run": "Run the agent on this machine's hardware.",
    "safe": "Put every output into its safe state, and end.",
    "scan": "Show what is connected, and which driver claims it.",
    "service": "Install, remove or look at the systemd service.",
    "simulate": "Run the agent on simulated hardware.",
    "usbip": "Offer simulated chips to this machine's kernel, as real buses.",
}
EPILOG = """
Exit codes: 0 done; 1 a failure while running; 2 a wrong configuration or command line; 3 hardware
that is not there; 4 the event log cannot be used; 5 the simulation cannot start.
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
    """Read sensors, decide on the spot, and deliver every event over MQTT."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; end with one clear line and an exit code where it fails."""
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
        sys.stderr.close()  # the reader has gone, as `head` does; nothing more can be said
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: AgentError) -> int:
    lines = error.problems if isinstance(error, ConfigError) else [str(error)]
    for line in lines:
        click.echo(line, err=True)
    return error.exit_code
