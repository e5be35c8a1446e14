"""The message of a fleet's alert, with values and names filled in."""

from collections.abc import Collection, Iterable, Mapping

from edge_agent.evaluate.expressions.context import Values
from edge_agent.evaluate.rules.alert_text import AlertText, parse_alert_text

WORDS = ("node", "nodes", "devices")
NAMED = 10  # nodes in a message


class FleetText:
    """A text with {node}, {nodes}, {devices}, {air.temperature} or {greenhouse.air.temperature}."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        """`known` are the channels that it may name; raise ConfigError for others."""
        parse_alert_text(_filled(text, dict.fromkeys(WORDS, "")), known)
        self._text = text

    def fill(self, values: Values, words: Mapping[str, str]) -> str:
        """Return the text; `words` has one for each of WORDS, without braces."""
        return AlertText(_filled(self._text, words)).fill(values)


def listed(names: Iterable[str]) -> str:
    """Return names as a text, the first of many."""
    everyone = sorted(names)
    more = f" and {len(everyone) - NAMED} more" if len(everyone) > NAMED else ""
    return ", ".join(everyone[:NAMED]) + more


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, filled in words.items():
        text = text.replace(f"{{{word}}}", filled)
    return text
