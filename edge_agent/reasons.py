"""Why a value does not fit, in plain words."""

import re

import msgspec

TYPES = {  # msgspec's names, as users know them
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def reason(error: msgspec.ValidationError) -> str:
    """Return msgspec's complaint in plain words, without its path and patterns."""
    text = str(error).split(" - at")[0]
    if " matching regex" in text:
        return "has a character that it cannot have"
    text = re.sub("`([^`]*)`", _plain_types, text).replace("Invalid enum value", "invalid value")
    return text[:1].lower() + text[1:]


def _plain_types(found: re.Match[str]) -> str:
    names = (TYPES.get(name, name) for name in found[1].split(" | ") if name != "null")
    return " or ".join(names) or "nothing"
