"""Common mistakes in the text of a condition, and what to write instead."""

import difflib
import re
from collections.abc import Collection

from edge_agent.evaluate.expressions.literals import WEEKDAYS

FLEET = "rules over several nodes belong in a file of `edge-consumer alerts`"
SPAN = "write 22:00 <= time < 6:00 for a span of time"
ALONE = "write an on/off channel alone, as in door.active, or after `not`"
LENGTH = r"\d ?(mins?|minutes?|secs?|seconds?|hrs?|hours?|days?|weeks?|w)\b"
MISTAKES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (r"\bnodes with\b|\(node\)|\b(silent|failing|lost)\(", FLEET),
        (r"\{[{%]|\b(states|is_state)\(", "this is for Home Assistant; write air.temperature > 30"),
        (
            "[\u2264\u2265\u2260\u2212\u2013\u00d7\u00f7]",
            "write >=, <=, !=, -, * or /, as on a keyboard",
        ),
        ("&", "write `and`"),
        (r"\|", "write `or`"),
        (r"\bAND\b|\bOR\b|\bNOT\b", "write `and`, `or` and `not` in small letters"),
        (r"===", "write == to compare"),
        (r"<>|!(?!=)|~", "write != for `is not equal`, and `not` for the opposite"),
        (r"\bnot [<>=!]", "write `not` before the whole comparison"),
        (r"=>|=<", "write >= or <="),
        (r"->", "write a point between device and channel, as in air.temperature"),
        (r"\btime (in|between)\b|\d ?- ?\d\d?:", SPAN),
        (r"(?i)^(if|when)\b|\bthen\b|\?", "write the condition alone; what follows is in `set`"),
        (r"(?<![<>=!])=(?!=)", "write == to compare"),
        (r"\bfor \d", 'write how long it must hold in a line of its own, as in for = "5m"'),
        (r"\bbetween\b", "write 10 < air.temperature < 20 for a value between two"),
        (r"\bin ?[(\[]", "write weekday == saturday or weekday == sunday, each in full"),
        (r"\bis (not )?(on|off|open|closed|true|false)\b", ALONE),
        (r"\bis\b", "write == to compare"),
        (r"\bif\b", "write the condition alone; what follows is in `set`"),
        (r"^(True|False)$", "write true or false in small letters"),
        (r"['\"]", "write it without quotes"),
        (r"\d ?C\b|\d ?°(?![CF])", "write °C"),
        (r"\d ?percent\b|%r", "write %"),
        (r"\d,\d", "write a point in a number, not a comma"),
        (r"\d:\d\d:", "write a time of day without seconds, as in 22:00"),
        (r"\b(2[4-9]|[3-9]\d):|:[6-9]\d", "write a time from 00:00 to 23:59"),
        (r"\d ?[ap]m\b", "write a time from 00:00 to 23:59, as in 22:00"),
        (r"°F|\d ?F\b", "write °C: (°F - 32) / 1.8"),
        (r"\d ?K\b", "write °C: K - 273.15"),
        (r"\d ?mbar\b", "write hPa, which is the same"),
        (r"\d ?(k?Pa|bar)\b", "write hPa: Pa / 100, kPa * 10 or bar * 1000"),
        (LENGTH, "write s, m, h or d for a length of time, as in 10m"),
        (r"\w:[a-z]", "write a point between device and channel, as in air.temperature"),
        (";", "remove the ;"),
    )
)
NO_NAMES = {
    **dict.fromkeys(("on", "off", "open", "opened", "closed"), ALONE),
    **dict.fromkeys(("now", "hour", "hours", "clock"), SPAN),
    **dict.fromkeys(("day", "weekdays", "dow"), "write weekday, as in weekday == monday"),
    **dict.fromkeys(("weekend",), "write saturday <= weekday <= sunday"),
}
OTHER_FUNCTIONS = {
    **dict.fromkeys(("avg", "average", "median", "moving_average"), "write mean"),
    **dict.fromkeys(("last", "value", "state", "float", "int"), "write the channel alone"),
    **dict.fromkeys(("diff", "difference", "change"), "write delta"),
    **dict.fromkeys(("derivative", "slope", "trend"), "write rate"),
    **dict.fromkeys(("since", "last_changed", "last_seen"), "write age"),
    "abs": "write x < -5 or x > 5",
}


def remedy(text: str) -> str:
    """Return what to write instead of a text that cannot be read; "" if nothing comes to mind."""
    if text.count("(") != text.count(")"):
        return "write a ) for each ("
    return next((what for pattern, what in MISTAKES if pattern.search(text)), "")


def name_remedy(name: str) -> str:
    """Return what to write instead of a name that is no channel, such as `on` or `Mon`."""
    small = name.lower()
    day = next((one for one in WEEKDAYS if len(small) > 2 and one.startswith(small)), "")
    return f"write {day}" if day else NO_NAMES.get(small, "")


def likely(name: str, known: Collection[str]) -> str:
    """Return the known name that another one may mean; "" if none is like it."""
    near = difflib.get_close_matches(name, known, 1)
    parts = (one for one in sorted(known) if name in one.split("."))
    return near[0] if near else next(parts, "")
