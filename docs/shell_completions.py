"""Completions for bash, zsh and fish, made from the argument parser: a Tab starts no Python."""

import shlex
from collections.abc import Iterator

from command_tree import Command, commands

MADE = "# Made from the argument parser by `make docs`."
BASH = """{made}
_{function}() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path= word
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$path $word" in
            {paths}) path="$path $word" ;;
        esac
    done
    COMPREPLY=()
    case "$path $prev" in
{values}
    esac
    case "$path" in
{words}
    esac
}}
complete -o default -F _{function} {program}
"""
ZSH = """#compdef {program}
{made}
local route= word before=$words[CURRENT-1]
for word in $words[2,CURRENT-1]; do
    case "$route $word" in
        {paths}) route="$route $word" ;;
    esac
done
case "$route $before" in
{values}
esac
case "$route" in
{words}
esac
_files
"""


def completions(program: str) -> dict[str, str]:
    """Return the script of each shell."""
    found = list(commands(program))
    return {
        "bash": _bash(program, found),
        "zsh": _zsh(program, found),
        "fish": _fish(program, found),
    }


def _bash(program: str, found: list[Command]) -> str:
    reply = 'COMPREPLY=($(compgen -W "{}" -- "$cur"))'
    return _script(BASH, program, found, reply, "        ")


def _zsh(program: str, found: list[Command]) -> str:
    return _script(ZSH, program, found, "compadd -- {}", "    ")


def _script(template: str, program: str, found: list[Command], reply: str, indent: str) -> str:
    """Fill in which paths there are, which values an option takes, and which words follow."""
    paths = "|".join(_quoted(one.path) for one in found[1:])
    values = [
        f"{indent}{_quoted((*one.path, name))}) {_answer(option.choices, reply)} ;;"
        for one in found
        for option in one.options
        if option.takes
        for name in option.names
    ]
    words = [
        f"{indent}{_quoted(one.path)}) {reply.format(' '.join(_words(one)))} ;;" for one in found
    ]
    return template.format(
        made=MADE,
        program=program,
        function=program.replace("-", "_"),
        paths=paths,
        values="\n".join(values),
        words="\n".join(words),
    )


def _answer(choices: tuple[str, ...], reply: str) -> str:
    """Complete what an option takes: its choices, or else files."""
    done = "return" if reply.startswith("COMPREPLY") else "return 0"
    files = done if reply.startswith("COMPREPLY") else "_files; return 0"
    return f"{reply.format(' '.join(choices))}; {done}" if choices else files


def _words(command: Command) -> Iterator[str]:
    yield from command.commands
    yield from (name for option in command.options for name in option.names)


def _quoted(path: tuple[str, ...]) -> str:
    return '"' + "".join(f" {word}" for word in path) + '"'


def _fish(program: str, found: list[Command]) -> str:
    about = {one.path: one.help.strip().partition("\n")[0] for one in found}
    lines = [MADE]
    for one in found:
        head = f"complete -c {program} -n {shlex.quote(_seen(one))}"
        lines += (
            f"{head} -f -a {name} -d {shlex.quote(about[*one.path, name])}" for name in one.commands
        )
        for option in one.options:
            names = " ".join(
                f"-{'l' if n[:2] == '--' else 's'} {n.lstrip('-')}" for n in option.names
            )
            takes = " -r" * bool(option.takes)
            choices = f" -f -a {shlex.quote(' '.join(option.choices))}" * bool(option.choices)
            lines.append(f"{head} {names}{takes}{choices} -d {shlex.quote(option.help)}")
    return "\n".join(lines) + "\n"


def _seen(command: Command) -> str:
    """Return the condition that a command has been typed, and none below it."""
    conditions = [f"__fish_seen_subcommand_from {word}" for word in command.path]
    if command.commands:
        conditions.append(f"not __fish_seen_subcommand_from {' '.join(command.commands)}")
    return "; and ".join(conditions) or "true"
