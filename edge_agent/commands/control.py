"""`edge-agent control`: change inputs and faults of a running simulation."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from edge_agent.commands.config_choice import example_option
from edge_agent.commands.options import set_option
from edge_agent.config.reader import load
from edge_agent.errors import SimulationError
from edge_agent.terminal.control_socket import control_path

ANSWER_SECONDS = 10.0
ERROR = "error: "


@click.command(context_settings={"allow_interspersed_args": False})
@example_option
@set_option
@click.argument("words", nargs=-1)
def control(config: Path, overrides: tuple[str, ...], words: tuple[str, ...]) -> int:
    """Send WORDS to a running `simulate` of CONFIG, such as: set air.temperature 31.

    Without WORDS, send each line of standard input. `help` lists what there is.
    """
    settings = load(config, overrides)
    path = control_path(settings.log.path, settings.node)
    lines = [" ".join(words)] if words else sys.stdin
    with _connected(path) as stream:
        answers = [_ask(stream, line) for line in lines if line.strip()]
    return int(any(answer.startswith(ERROR) for answer in answers))


@contextmanager
def _connected(path: Path) -> Iterator[IO[str]]:
    """Connect to a simulation; raise SimulationError if there is none or it ends."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(path))
            with connection.makefile("rw", encoding="utf-8") as stream:
                yield stream
    except OSError as error:
        what = f"no simulation answers at {path} ({error.strerror or error})"
        raise SimulationError(what, "start `edge-agent simulate` with this CONFIG") from error


def _ask(stream: IO[str], line: str) -> str:
    """Send a line; print the answer, which ends with an empty line, and return it."""
    stream.write(f"{line.strip()}\n")
    stream.flush()
    answer = "".join(iter(stream.readline, "\n"))
    click.echo(answer, nl=False, err=answer.startswith(ERROR))
    return answer
