"""Values as people write them in TOML."""

import json
from typing import Any

from edge_agent.units import Duration, Size

LINE = 60  # characters


def shown(value: object) -> str:
    """Return a value, cut to a line."""
    text = toml(value)
    return text if len(text) <= LINE else text[: LINE - 3] + "…"


def toml(value: Any) -> str:  # noqa: ANN401 - anything that TOML has
    """Return a value in full; a float that is a whole number is written without a point."""
    match value:
        case Duration() | Size():
            return f'"{value.text}"'
        case float():
            return f"{value:.12g}"
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            pairs = (f"{key} = {toml(one)}" for key, one in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case bool() | int() | str():
            # JSON strings are valid TOML, except for one character that TOML wants to be escaped.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)  # a date or a time
