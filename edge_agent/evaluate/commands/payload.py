"""What is wrong with the payload of a command, in plain words."""

import msgspec

from edge_agent.reasons import placed_reason


def complaint(error: Exception) -> str:
    """Return why a payload could not be decoded, with the argument that is wrong."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return "the payload is not JSON"
    if text.startswith("Expected `object`"):
        return "the payload is not an object"
    return placed_reason(error)
