"""Why a value does not fit, in plain words."""

import re

import msgspec

TIME = 'a time such as "2027-01-15T08:00:00Z"'
TYPES = {  # msgspec's names, as users know them
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "datetime": TIME,
}
LONG = re.compile(r"'(.{56}).{4,}'", re.DOTALL)  # a value that would fill the line
FIELD = re.compile(
    r"Object (missing required|contains unknown) field `(.*?)`(?: - at `\$\.(.*)`)?", re.DOTALL
)


def placed_reason(error: msgspec.ValidationError) -> str:
    """Return msgspec's complaint in plain words, behind the path of the key that is wrong."""
    text = str(error)
    if found := FIELD.fullmatch(text):
        key = f"{found[3]}.{found[2]}" if found[3] else found[2]
        return f"{key}: {'unknown' if found[1].endswith('unknown') else 'missing'}"
    _, inside, key = text.partition(" - at `$.")
    return f"{key.rstrip('`')}: {reason(error)}" if inside else reason(error)


def reason(error: msgspec.ValidationError) -> str:
    """Return msgspec's complaint in plain words, without its path and patterns."""
    text = str(error).split(" - at")[0]
    if " matching regex" in text:
        return "has a character that it cannot have"
    if text == "Invalid RFC3339 encoded datetime":
        return f"expected {TIME}"
    text = LONG.sub(r"'\1…'", text)
    text = re.sub("`([^`]*)`", _plain_types, text).replace("Invalid enum value", "invalid value")
    return text[:1].lower() + text[1:]


def _plain_types(found: re.Match[str]) -> str:
    names = (TYPES.get(name, name) for name in found[1].split(" | ") if name != "null")
    return " or ".join(names) or "nothing"
