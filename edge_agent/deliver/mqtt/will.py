"""What the broker says when a connection ends without a goodbye."""

from typing import NamedTuple


class Will(NamedTuple):
    """What the broker says when we vanish."""

    topic: str
    payload: bytes
    retain: bool
