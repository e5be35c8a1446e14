"""What the annotations of a configuration's keys say besides type and range."""

import math
import re
from collections.abc import Mapping
from typing import Any, get_args

# What a key may hold, as `Meta(extra=...)`: the doctor never shows a secret, and a name only if it
# looks like one.
SECRET = {"secret": True}
FILE = {"names": "file"}
SECRET_FILE = {"names": "file", "secret": True}
SECRET_VARIABLE = {"names": "variable", "secret": True}
# Keys of any table whose values are not shown, whether the key is known or not.
SENSITIVE = re.compile(
    r"pass|pwd|secret|token|key|credential|auth|psk|apprise|connection.?string", re.IGNORECASE
)

QUERY = re.compile(r"[?&]([^=&]*)=")  # the names in what follows a URL
REDACTED = "***"
PEM = "-----"
VARIABLE = re.compile(r"[A-Z]+(_[A-Z]+)*")  # with digits, it may be a token
# A path as it is written in a configuration, below some directory; a secret in base64 may begin
# with / as well.
PATH = re.compile(r"(/[^/+=\n]+/|~/|\.{1,2}/|\$CREDENTIALS_DIRECTORY/)[^+=\n]*")
NAMES = {"file": PATH, "variable": VARIABLE}
LOOKS = {
    "file": "the path of a file begins with a directory, as in /etc/, ~/, ./ or ../",
    "variable": "the name of a variable has capital letters and _ only",
}


def mark(field: Any) -> dict[str, Any]:  # noqa: ANN401 - a field of a msgspec.Struct
    """Return what a key may hold: `secret`, `names` and `range`, as far as its table says so."""
    metas = getattr(field.type, "__metadata__", ())
    found = (getattr(one, "extra", None) or {} for one in metas)
    return {name: value for extra in found for name, value in extra.items()}


def is_name(of: str, text: str) -> bool:
    """Return whether a value is a path or a variable's name, not a secret written in its place."""
    return NAMES[of].fullmatch(text) is not None


def has_credentials(value: object) -> bool:
    """Return whether a value is a URL, perhaps without its scheme, with what may be a password."""
    if not isinstance(value, str):
        return False
    before, _, _ = value.rpartition("@")
    return ":" in before or any(map(SENSITIVE.search, QUERY.findall(value)))


def is_secret(marks: Mapping[str, Any], value: object) -> bool:
    """Return whether a value of a key with such marks may be a secret."""
    if names := marks.get("names"):
        return not is_name(names, str(value))
    return has_credentials(value) or SECRET.items() <= marks.items()


def hides(marks: Mapping[str, Any], value: object) -> bool:
    """Return whether messages do not show a value of a key with such marks.

    A file that is no secret is shown however it is named, unless it is PEM text itself.
    """
    if marks == FILE:
        return PEM in str(value)
    return is_secret(marks, value)


def named(key: str, file: str, marks: Mapping[str, Any] = SECRET_FILE) -> str:
    """Return a key with the path that it has, or the key alone if it may hold a secret instead."""
    return key if file and hides(marks, file) else f"{key} = {file}"


def without_secrets(value: Any) -> Any:  # noqa: ANN401 - anything that TOML has
    """Return a value of an unknown kind with *** in place of what may be a secret."""
    if isinstance(value, Mapping):
        return {
            key: REDACTED if SENSITIVE.search(key) else without_secrets(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    return REDACTED if has_credentials(value) else value


def choices(literal: Any) -> str:  # noqa: ANN401
    """Return the values of a Literal in words: `"info", "warning" or "critical"`."""
    *most, last = (f'"{value}"' for value in get_args(literal))
    return f"{', '.join(most)} or {last}"


def within(low: float, high: float = math.inf) -> dict[str, Any]:
    """Return the mark of a key with a range; msgspec has none for durations and sizes."""
    return {"range": (low, high)}
