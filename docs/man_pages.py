"""The manual pages, made from the argument parser."""

import re
from collections.abc import Iterator

from command_tree import Command, commands

ABOUT = {
    "edge-agent": "sensors of a Raspberry Pi to MQTT, with a durable log",
    "edge-consumer": "programs that read the events of edge-agent from a bus",
}
REST = {
    "edge-agent": r"""
.SH EXIT STATUS
0 success; 1 failure while running; 2 error in the configuration or command line;
3 missing hardware; 4 unusable event log; 5 the simulation cannot start.
.SH ENVIRONMENT
.TP
.B EDGE_AGENT_CONFIG
The configuration that commands use if none is named.
.SH FILES
.TP
.I /etc/edge\-agent/config.toml
The configuration of the service.
.TP
.I /usr/share/doc/edge\-agent
All pages, and examples.
""",
    "edge-consumer": "",
}


def man_page(program: str) -> str:
    """Return the manual page of a program."""
    whole, *below = commands(program)
    title = program.upper().replace("-", r"\-")
    lines = [
        f'.TH {title} 1 "" "{program}" "User Commands"',
        ".SH NAME",
        f"{_plain(program)} \\- {ABOUT[program]}",
        ".SH SYNOPSIS",
        *_usage(whole),
        ".SH DESCRIPTION",
        *_text(whole.help),
        ".SH OPTIONS",
        *_options(whole),
        ".SH COMMANDS",
        *(line for one in below for line in _command(one)),
    ]
    return "\n".join(lines) + f"\n{REST[program].strip()}\n".lstrip("\n")


def _command(command: Command) -> Iterator[str]:
    yield f".SS {_plain(' '.join(command.path))}"
    yield from _usage(command)
    yield ".PP"
    yield from _text(command.help)
    yield from _options(command)


def _usage(command: Command) -> Iterator[str]:
    yield f".B {_plain(command.usage)}"


def _options(command: Command) -> Iterator[str]:
    for one in command.options:
        names = _plain(f"{', '.join(one.names)} {one.takes}".strip())
        yield ".TP"
        yield f".B {names}"
        yield _plain(one.help) + "."


def _text(text: str) -> Iterator[str]:
    """Yield paragraphs; a line that begins with a dot or a quote would be an instruction."""
    for number, paragraph in enumerate(filter(None, re.split(r"\n\s*\n", text.strip()))):
        if number:
            yield ".PP"
        yield _plain(" ".join(paragraph.replace("\b", "").split()))


def _plain(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped)
