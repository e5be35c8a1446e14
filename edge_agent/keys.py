"""What the annotations of a configuration's keys say besides type and range."""

import math
import re
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


def choices(literal: Any) -> str:  # noqa: ANN401
    """Return the values of a Literal in words: `"info", "warning" or "critical"`."""
    *most, last = (f'"{value}"' for value in get_args(literal))
    return f"{', '.join(most)} or {last}"


def within(low: float, high: float = math.inf) -> dict[str, Any]:
    """Return the mark of a key with a range; msgspec has none for durations and sizes."""
    return {"range": (low, high)}
