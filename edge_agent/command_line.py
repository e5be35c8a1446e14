"""What the command lines share: commands that are imported when used, and how a program ends."""

import importlib
import io
import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

import click

from edge_agent.errors import AgentError, ConfigError
from edge_agent.problems import unknown

DIGITS = 15  # of a whole number
LONGEST_HELP = 200  # characters of a command's first sentence


class NumberRange(click.FloatRange):
    """A number between two others; click's own range lets `nan` pass."""

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number; raise BadParameter for any other text."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return float(super().convert(number, param, ctx))


class WholeNumber(click.ParamType):  # type: ignore[type-arg]  # not generic in click 8.1
    """A whole number, 0 or more."""

    name = "integer"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number; raise BadParameter for any other text."""
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
            self.fail(f"{text[:40]!r}: write a whole number, 0 or more, such as 10", param, ctx)
        return int(text)


class HelpfulGroup(click.Group):
    """Names the command that a misspelt one may mean."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; raise UsageError if there is none."""
        names = self.list_commands(ctx)
        if ctx.resilient_parsing or args[0] in names or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        what = unknown(args[0], names).removeprefix("unknown; ")
        raise click.UsageError(f"No such command {args[0]!r}; {what}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its whole first sentence; click's own list cuts it."""
        names = self.list_commands(ctx)
        found = ((name, self.get_command(ctx, name)) for name in names)
        lines = [(name, one.get_short_help_str(LONGEST_HELP)) for name, one in found if one]
        with formatter.section("Commands"):
            formatter.write_dl(lines)


class LazyGroup(HelpfulGroup):
    """Knows its commands by name, and imports the module of the one that is called."""

    def __init__(self, *args: Any, modules: Mapping[str, tuple[str, str]], **more: Any) -> None:  # noqa: ANN401
        """`modules` names, for each command, its module and what it does."""
        super().__init__(*args, **more)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in self._modules:
            return None
        module = importlib.import_module(self._modules[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in self._modules.items()])


def run(command: click.Command, name: str, arguments: list[str] | None = None) -> NoReturn:
    """Run a command; if it fails, end with one clear line and an exit code."""
    open_standard_streams()
    code = _code_of(command, name, arguments)
    unwritten = _drop_what_cannot_be_written()
    sys.exit(code or unwritten)


def _code_of(command: click.Command, name: str, arguments: list[str] | None) -> int:
    try:
        code: Any = command.main(arguments, name, standalone_mode=False)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except AgentError as error:
        _say(*(error.problems if isinstance(error, ConfigError) else [str(error)]))
        return error.exit_code
    except BrokenPipeError:
        return 0  # the reader has gone, as `head` does
    except OSError as error:
        return _failed(error)
    return code if isinstance(code, int) else 0


def open_standard_streams() -> None:
    """Open /dev/null in place of a closed stream; a file of ours must not get its number.

    What the encoding of a stream does not have is escaped, not an error.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_what_cannot_be_written() -> int:
    """Flush the streams here: if it failed at the very end, the exit code would be 120.

    Return the exit code that follows: 1 if output is lost, but not because its reader has gone.
    """
    code = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
                code = _failed(error)
    return code


def _failed(error: OSError) -> int:
    """Report a file that cannot be used; without a name, it is the standard output."""
    _say(f"{error.filename or 'standard output'}: {error.strerror or error}")
    return AgentError.exit_code


def _say(*lines: str) -> None:
    from edge_agent.terminal.wrapping import say  # noqa: PLC0415 - only if something fails

    with suppress(OSError):
        for line in lines:
            say(line)
