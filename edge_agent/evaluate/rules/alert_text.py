"""The text of an alert, with the values of its moment filled in."""

import re
from collections.abc import Collection

from edge_agent.errors import PieceError
from edge_agent.evaluate.expressions.context import Values
from edge_agent.evaluate.expressions.mistakes import likely

FIELD = re.compile(r"\{([\w.-]+)(?::\.(\d)f)?\}")
LONGEST = 500  # characters


class AlertText:
    """A text with `{air.temperature}` or `{air.temperature:.1f}` in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = frozenset(found[1] for found in FIELD.finditer(text))

    def fill(self, values: Values) -> str:
        """Return the text with the current values; a missing one is "?"."""
        return FIELD.sub(lambda found: _shown(values.get(found[1]), found[2]), self.text)


def parse_alert_text(text: str, known: Collection[str]) -> AlertText:
    """Return the text; raise PieceError if a field names no channel."""
    alert_text = AlertText(text)
    problems = {
        f"{{{name}}} is not a channel{_meant(name, known)}": text.index(f"{{{name}")
        for name in sorted(alert_text.names)
        if name not in known
    }
    rest = FIELD.sub(lambda found: " " * len(found[0]), text)
    if braces := re.search("[{}]", rest):
        problems["braces hold a channel, as in {air.temperature:.1f}"] = braces.start()
    if len(text) > LONGEST:
        problems[f"{len(text)} characters long: write at most {LONGEST}"] = 0
    if problems:
        offsets = (_among_words(text, at) for at in problems.values())
        raise PieceError(tuple(problems), tuple(offsets))
    return alert_text


def _meant(name: str, known: Collection[str]) -> str:
    near = likely(name, known)
    return f"; did you mean {{{near}}}?" if near else ""


def _among_words(text: str, at: int) -> int:
    """Return the offset of a character in the words of a text, a space apart."""
    return len(" ".join(text[: at + 1].split())) - 1


def _shown(value: float | None, decimals: str | None) -> str:
    if value is None:
        return "?"
    return f"{value:g}" if decimals is None else f"{value:.{decimals}f}"
