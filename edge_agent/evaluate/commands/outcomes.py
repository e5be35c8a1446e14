"""What is known of commands that were carried out, by id: each is saved on its own, and small."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from edge_agent.events import SavedState

_logger = logging.getLogger(__name__)
REMEMBERED = 200  # ids; the oldest is forgotten first
PREFIX = "command/"  # of the names under which they are saved
LARGE = 500  # bytes of JSON: a larger result is neither logged nor remembered

CommandAnswer = dict[str, Any]


class NumberedAnswer(msgspec.Struct, frozen=True):
    """A final answer as it is saved; the numbers ascend."""

    number: int
    answer: CommandAnswer


class KnownAnswers:
    """The final answers to the latest ids."""

    def __init__(self, saved: Mapping[str, bytes] | None = None) -> None:
        """Continue with what was saved; what cannot be read is forgotten."""
        known = [_decoded(data) for name, data in (saved or {}).items() if name.startswith(PREFIX)]
        kept = sorted(filter(None, known), key=lambda one: one.number)
        if len(kept) < len(known):
            what = "%d saved answers to commands cannot be read, and are forgotten"
            _logger.warning(what, len(known) - len(kept))
        self._answers = {str(one.answer["id"]): one.answer for one in kept}
        self._count = kept[-1].number + 1 if kept else 0

    def get(self, id_: str) -> CommandAnswer | None:
        """Return the final answer to an id; None if there is none, or it is forgotten."""
        return self._answers.get(id_)

    def add(self, answer: CommandAnswer) -> SavedState:
        """Remember an answer by its `id`; return what is saved, in place of the oldest one."""
        kept = without_large_result(answer)
        self._answers[answer["id"]] = kept
        if len(self._answers) > REMEMBERED:
            del self._answers[next(iter(self._answers))]
        name = f"{PREFIX}{self._count % REMEMBERED}"
        self._count += 1
        return SavedState(name, msgspec.json.encode(NumberedAnswer(self._count - 1, kept)))


def without_large_result(answer: CommandAnswer) -> CommandAnswer:
    """Return an answer as it is kept: a result of more than LARGE bytes is only for its sender."""
    if len(msgspec.json.encode(answer.get("result"))) <= LARGE:
        return answer
    return {name: value for name, value in answer.items() if name != "result"}


def _decoded(data: bytes) -> NumberedAnswer | None:
    try:
        found = msgspec.json.decode(data, type=NumberedAnswer)
    except msgspec.MsgspecError:
        return None
    return found if "id" in found.answer else None
