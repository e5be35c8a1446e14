"""Why a value does not fit its key, in plain words, and what to write instead."""

import re

import msgspec
from msgspec.structs import FieldInfo

from edge_agent.units import decode

SWITCHES = dict.fromkeys(("yes", "on", "true"), "true") | dict.fromkeys(
    ("no", "off", "false"), "false"
)
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
    return " or ".join(names)


def remedy(field: FieldInfo, given: object, error: str) -> str:
    """Return what to write instead of a text such as "0x76", "GPIO22" or "Critical"."""
    if not isinstance(given, str):
        return ""
    found = re.fullmatch(r"\s*(?:GPIO|BCM)?[ _]?(0x[0-9a-f]+|\d+)\s*", given, re.IGNORECASE)
    if found and error.startswith("Expected `int"):
        is_decimal = field.encode_name == "address" and found[1].isdecimal()
        return f"; write {'0x' * is_decimal}{found[1]} without quotes"
    small = given.strip().lower()
    if error.startswith("Expected `bool`") and small in SWITCHES:
        return f"; write {SWITCHES[small]}"
    try:
        msgspec.convert(small, field.type, dec_hook=decode)
    except msgspec.ValidationError:
        return ""
    return f'; write "{small}"'
