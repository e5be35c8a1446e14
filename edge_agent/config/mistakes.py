"""Common mistakes in a configuration's text, and what to write instead."""

import re
from typing import NamedTuple


class Mistake(NamedTuple):
    """What a wrong line looks like, and the remedy."""

    pattern: re.Pattern[str]
    remedy: str


MISTAKES = tuple(
    Mistake(re.compile(pattern), remedy)
    for pattern, remedy in (
        ("\u00a0", "the line has a no-break space; type the space again"),
        ("[\u201c-\u201e\u2018\u2019]", 'the line has typographic quotes; use plain "'),
        (r"^\s*\{", 'this is JSON; write name = "value", a key per line'),
        (r"^\s*(- *)?[\w-]+:(\s|$)", 'this is YAML; write name = "value" below a [table]'),
        (r"=\s*(True|False)\b", "write true or false in small letters"),
        (r"=\s*[A-Za-z_]", 'write text in quotes, as in fan = "on"'),
    )
)
# A key that belongs elsewhere or has another name, by the table in which it is written.
MISPLACED = {
    "mqtt": {
        **dict.fromkeys(("broker", "host", "port", "server"), 'write url = "mqtt://host:port"'),
        **dict.fromkeys(("user", "login"), "write username"),
        **dict.fromkeys(("password", "pass"), "write it to a file, and name that in password_file"),
        "node": "write it at the top of the file, before [mqtt]",
    }
}


def remedy(text: str, error: str) -> str:
    """Return what to do about a text that is not TOML; `error` is what tomllib says."""
    lines = text.splitlines() or [""]
    found = re.search(r"at line (\d+)", error)
    number = int(found[1]) if found else len(lines)
    line = lines[number - 1]
    if "overwrite a value" in error:
        return _given_twice(lines, number)
    fitting = (one.remedy for one in MISTAKES if one.pattern.search(line))
    what = next(fitting, "see https://toml.io")
    elsewhere = MISPLACED["mqtt"].get(_key(line))
    return f"{what}; for {_key(line)} below [mqtt], {elsewhere}" if elsewhere else what


def _given_twice(lines: list[str], number: int) -> str:
    key = _key(lines[number - 1])
    earlier = (n for n in range(number - 1, 0, -1) if _key(lines[n - 1]) == key)
    return f"{key} is given twice, first on line {next(earlier, number)}; keep one of them"


def _key(line: str) -> str:
    return line.partition("=")[0].strip()
