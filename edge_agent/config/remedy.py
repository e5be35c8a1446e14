"""What to write instead of a value that does not fit its key."""

import re

import msgspec
from msgspec.structs import FieldInfo

from edge_agent.units import decode

SWITCHES = dict.fromkeys(("yes", "on", "true"), "true") | dict.fromkeys(
    ("no", "off", "false"), "false"
)


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
