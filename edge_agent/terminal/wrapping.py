"""Lines that are longer than a terminal is wide."""

import shutil
import sys
import textwrap
from typing import TextIO

import click

NARROWEST = 20  # columns


def say(line: str) -> None:
    """Print a line to standard error, broken between its words if that is a terminal."""
    click.echo(wrapped(line, sys.stderr), err=True)


def wrapped(line: str, stream: TextIO | None, indent: str = "  ") -> str:
    """Return a line broken between its words if a terminal shows it; else as it is, for scripts.

    `indent` begins each line but the first. A stream that was closed at the start is None.
    """
    if stream is None or not stream.isatty():
        return line
    return textwrap.fill(
        line,
        max(shutil.get_terminal_size().columns, NARROWEST),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
