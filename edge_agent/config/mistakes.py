"""Common mistakes in a configuration's text, and what to write instead."""

import re
from typing import NamedTuple

from edge_agent.config.words import MISPLACED


class Mistake(NamedTuple):
    """What a wrong line looks like, and the remedy."""

    pattern: re.Pattern[str]
    remedy: str


ALIEN = "it is not a configuration of this agent; `edge-agent init` writes one"
LINES = tuple(
    Mistake(re.compile(pattern), remedy)
    for pattern, remedy in (
        ("\0", "there is a NUL character in it; save the file as UTF-8 text"),
        ("\u00a0", "the line has a no-break space; type the space again"),
        ("[\u201c-\u201e\u2018\u2019]", 'the line has typographic quotes; use plain "'),
        (r"^\s*\{", 'this is JSON; write name = "value", a key per line'),
        (r"^\s*<", f"this is XML; {ALIEN}"),
        (
            r"^(listener|allow_anonymous|persistence|pid_file|include_dir)\s",
            f"this is for mosquitto; {ALIEN}",
        ),
        (r"^\s*(import|from|def|export)\s+\w", f"this is a program; {ALIEN}"),
        (r"^\s*(//|;)|=.*\"\s*(//|;)", "a comment begins with #, and a line ends without ;"),
        (r"=\s*(True|False)\b", "write true or false in small letters"),
        (r"=\s*\d+:\d|=\s*\d[\d.]*\s*[A-WYZa-wyz]", 'write text in quotes, as in every = "5s"'),
        (r"=\s*0X|=\s*0x(?![0-9a-fA-F])", "write an address such as 0x76"),
        (r"=\s*0\d", "write the number without the 0 in front"),
        (r"=\s*[-+]?\d+,\d", "write a point in a number, not a comma"),
        (r"==", "write one = between name and value"),
        (r"=\s*(#|$)", 'write a value, as in every = "5s", or remove the line'),
        (r"=\s*[A-Za-z_]", 'write text in quotes, as in fan = "on"'),
        (r"^\s*\[[^\]]*$", "close the heading with ], or ]] if it begins with [["),
        (r"^[^=]*\w\s+\w[^=]*=", "a name has no spaces; write _ in place of each"),
    )
)
# What `tomllib` says, and the remedy, whatever the line is.
SAID = tuple(
    Mistake(re.compile(pattern), remedy)
    for pattern, remedy in (
        (r"Invalid hex|Unescaped", "write a path in single quotes, or / in place of \\"),
        (r"Illegal character '\\n'", "close the text with the quote that it begins with"),
        (r"Unterminated string", "close the text with the quotes that it begins with"),
        (r"Unclosed array", "close the list with ]"),
        (r"Unclosed inline|key part|inline table", "write { a = 1, b = 2 } in one line"),
    )
)
YAML = re.compile(r"^\s*(- *)?[\w-]+:(\s|$)|^---\s*$")
TABLE = re.compile(r"^\s*\[", re.MULTILINE)


def syntax_problem(text: str, error: str) -> str:
    """Return where a text is not TOML, and what to do; `error` is what tomllib says."""
    lines = text.split("\n")
    what, _, at = error.rpartition(" (at ")
    found = re.search(r"line (\d+), column (\d+)", at)
    number = int(found[1]) if found else text.rstrip().count("\n") + 1
    place = f":{number}:{found[2]}" if found else f":{number}"
    return f"{place}: not TOML: {_plain(what)}; {_remedy(lines, number, what)}"


def _plain(what: str) -> str:
    """Return what tomllib says without Python's notation."""
    return re.sub(r"\('([^)]*)',?\)", lambda one: one[1].replace("', '", "."), what)


def _remedy(lines: list[str], number: int, what: str) -> str:
    line = lines[number - 1]
    if "overwrite a value" in what or "twice" in what:
        return _given_twice(lines, number)
    if YAML.search(line):
        is_table = any(TABLE.match(one) for one in lines)
        return (
            _assignment(line) if is_table else 'this is YAML; write name = "value" below a [table]'
        )
    fitting = [one.remedy for one in SAID if one.pattern.search(what)]
    fitting += [one.remedy for one in LINES if one.pattern.search(line)]
    remedy = next(iter(fitting), 'write name = "value", a key per line; see https://toml.io')
    elsewhere = MISPLACED["mqtt"].get(_key(line)) if "[mqtt]" in lines[: number - 1] else None
    return f"{remedy}; for {_key(line)} below [mqtt], {elsewhere}" if elsewhere else remedy


def _assignment(line: str) -> str:
    return f"write {line.partition(':')[0].strip()} = …, with = in place of :"


def _given_twice(lines: list[str], number: int) -> str:
    key = _key(lines[number - 1])
    earlier = [n for n in range(1, number) if _key(lines[n - 1]) == key]
    first = f", first on line {earlier[-1]}" if earlier else ""
    return f"{key} is given twice{first}; keep one of them"


def _key(line: str) -> str:
    return line.partition("=")[0].strip()
