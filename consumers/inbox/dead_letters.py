"""Where dead letters are kept, with their reason, until a person decides."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol

import msgspec

from consumers.received_event import OUR_ID
from consumers.source import DeadLetter

LARGEST = 200_000  # bytes of a payload that is kept whole
CUT = 1_000  # bytes that are kept of a larger one


class KeptLetter(NamedTuple):
    """A dead letter as it is kept; the same letter has the same key at every arrival.

    `payload` is what arrived, or only its start if it is not `whole`. `at` is the time of its
    latest arrival, in seconds since 1970.
    """

    key: str
    reason: str
    payload: bytes
    whole: bool
    at: float


class DeadLetters(Protocol):
    """A bounded store of dead letters."""

    def update(self, new: Sequence[KeptLetter], done: Iterable[str]) -> None:
        """Keep new letters, and remove those with these keys; a letter in both is kept."""
        ...

    def due(self) -> Sequence[KeptLetter]:
        """Return some letters that are to be tried again, oldest first."""
        ...


def kept(letter: DeadLetter, at: float) -> KeptLetter:
    """Return a dead letter as it is kept."""
    payload = letter.payload
    whole = letter.event is not None
    if whole:
        payload = msgspec.json.encode(letter.event)
    key = blake2b(payload, digest_size=6).hexdigest()
    whole = whole and len(payload) <= LARGEST
    return KeptLetter(key, letter.reason, payload if whole else payload[:CUT], whole, at)


def place_of(letter: DeadLetter) -> tuple[str, int] | None:
    """Return the log and offset of the event that a dead letter seems to be."""
    event = letter.event
    match = isinstance(event, dict) and OUR_ID.fullmatch(str(event.get("id", "")))
    return (match[1], int(match[2])) if match else None
