"""The text of an alert, with the values of its moment filled in."""

import re
from collections.abc import Container

from edge_agent.errors import ConfigError
from edge_agent.evaluate.expressions.context import Values

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


def parse_alert_text(text: str, known: Container[str]) -> AlertText:
    """Return the text; raise ConfigError if a field names no channel."""
    alert_text = AlertText(text)
    problems = [
        f"{{{name}}} is not a channel" for name in sorted(alert_text.names) if name not in known
    ]
    rest = FIELD.sub("", text)
    if "{" in rest or "}" in rest:
        problems.append("braces hold a channel, as in {air.temperature:.1f}")
    if len(text) > LONGEST:
        problems.append(f"{len(text)} characters long: write at most {LONGEST}")
    if problems:
        raise ConfigError(tuple(problems))
    return alert_text


def _shown(value: float | None, decimals: str | None) -> str:
    if value is None:
        return "?"
    return f"{value:g}" if decimals is None else f"{value:.{decimals}f}"
