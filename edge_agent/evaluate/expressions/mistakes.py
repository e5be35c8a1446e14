"""Common mistakes in the text of a condition, and what to write instead."""

import re

FLEET = "rules over several nodes belong in a file of `edge-consumer alerts`"
MISTAKES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (r"\bnodes with\b|\(node\)|\b(silent|failing|lost)\(", FLEET),
        (r"&", "write `and`"),
        (r"\|", "write `or`"),
        (r"\bAND\b|\bOR\b|\bNOT\b", "write `and`, `or` and `not` in small letters"),
        (r"<>|!(?!=)", "write != for `is not equal`, and `not` for the opposite"),
        (r"=>|=<", "write >= or <="),
        (r"(?<![<>=!])=(?!=)", "write == to compare"),
        (r"\bbetween\b", "write 10 < air.temperature < 20 for a value between two"),
        (r"\bis\b", "write == to compare"),
        (r"\bif\b|\bthen\b", "write the condition alone; what follows from it belongs in `set`"),
        (r"\d ?C\b", "write °C"),
        (r"\d ?percent\b", "write %"),
        (r"\d,\d", "write a point in a number, not a comma"),
        (r"\b(2[4-9]|[3-9]\d):|:[6-9]\d", "write a time from 00:00 to 23:59"),
        (r"\d ?[ap]m\b", "write a time from 00:00 to 23:59, as in 22:00"),
        (r"°F|\d ?F\b", "write °C: (°F - 32) / 1.8"),
    )
)


def remedy(text: str) -> str:
    """Return what to write instead of a text that cannot be read; "" if nothing comes to mind."""
    return next((what for pattern, what in MISTAKES if pattern.search(text)), "")
