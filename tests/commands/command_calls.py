"""A call of every command of both programs, made of what the programs say of themselves.

A new command is in it unasked. Words in capitals stand for a path, as `places` of the tests has it.
"""

import click
from command_tree import PROGRAMS

ARGUMENTS = {  # what is written for an argument of this name; else it is left out or "nonsense"
    "config": "CONFIG",
    "device": "air",
    "duration": "1h",
    "file": "CASES",
    "node": "shed",
    "rule": "hot",
    "rules": "RULES",
    "sink_url": "file:SINK",
    "subject": "temperature",
    "url": "log:LOG",
}
STORED = ["--set", "log.path=LOG"]
# What a call needs in order to end, or to come far; a service that is really installed is no test.
BESIDE = {
    "edge-agent control": ["-c", "CONFIG"],
    "edge-agent demo": ["--scenario", "LOG"],
    "edge-agent init": ["--yes", "--force"],
    "edge-agent log export": STORED,
    "edge-agent log replay": [*STORED, "--sink", "mqtt", "--since", "1h", "--dry-run"],
    "edge-agent log stats": STORED,
    "edge-agent log tail": STORED,
    "edge-agent rules replay": STORED,
    "edge-agent run": ["--set", "log.path=NEW"],
    "edge-agent service install": ["--help"],
    "edge-agent service uninstall": ["--help"],
    "edge-agent simulate": ["--set", "log.path=NEW", "--no-broker", "--scenario", "LOG"],
    "edge-agent sinks": STORED,
    "edge-agent usbip": ["--scenario", "LOG"],
    "edge-consumer aggregate": ["--until-quiet", "10ms"],
    "edge-consumer alerts run": ["--for", "10ms"],
    "edge-consumer audit": ["--for", "10ms"],
    "edge-consumer bridge": ["--group", "bridge"],
    "edge-consumer dead drop": ["--all"],
    "edge-consumer dead retry": ["--all"],
}
NAMED_FILES = ("DIR", "FILE", "PATH", "STORE")
PEM = ("ca", "certificate", "key")


def commands(command, path):
    """Yield each command below another, with the words that lead to it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = {
    path: command
    for program, whole in PROGRAMS.items()
    for path, command in commands(whole, (program,))
}


def argument(one):
    """Return the words for an argument of a command."""
    if one.name in ARGUMENTS:
        return [ARGUMENTS[one.name]]
    return ["nonsense"] if one.required else []


def call(path, **changed):
    """Return a call of a command; `changed` has words for parameters, by their names."""
    words, options = path.split(), []
    for one in COMMANDS[path].params:
        if isinstance(one, click.Argument):
            words += [changed[one.name]] if one.name in changed else argument(one)
        elif one.name in changed:
            options += [max(one.opts, key=len), changed[one.name]]
    return [*words, *BESIDE.get(path, []), *options]


def names_a_file(one):
    """Return whether a parameter of a command takes the path of a file or folder."""
    marked = one.metavar in NAMED_FILES or one.name in PEM or one.name.endswith("_file")
    return isinstance(one.type, click.Path | click.File) or marked


CALLS = {path: call(path) for path in COMMANDS}
FILES = [
    (path, one.name)
    for path in COMMANDS
    for one in COMMANDS[path].params
    if names_a_file(one) and one.name != "config_option"
]
