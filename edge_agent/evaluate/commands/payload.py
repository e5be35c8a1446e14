"""What is wrong with the payload of a command, in plain words."""

import re

import msgspec

from edge_agent.reasons import reason

FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)


def complaint(error: Exception) -> str:
    """Return why a payload could not be decoded, with the argument that is wrong."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return "the payload is not JSON"
    if found := FIELD.fullmatch(text):
        return f"{found[2]}: {'unknown' if found[1].endswith('unknown') else 'missing'}"
    if text.startswith("Expected `object`"):
        return "the payload is not an object"
    _, inside, key = text.partition(" - at `$.")
    return f"{key.rstrip('`')}: {reason(error)}" if inside else reason(error)
