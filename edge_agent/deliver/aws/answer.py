"""What AWS answers: which messages it has, and which it refuses for good."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from edge_agent.deliver.aws.message import AwsMessage

# What concerns the message itself. AWS refuses the parameters of a request with one code for all;
# its text says if it is the size.
ABOUT_THE_MESSAGE = {"InvalidMessageContents", "MessageTooLong", "BatchRequestTooLong"}
ABOUT_A_PARAMETER = {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"}
TOO_LONG = re.compile(r"message too long|must be shorter than \d+ bytes", re.IGNORECASE)


class ServiceError(Exception):
    """AWS refused a whole request; `date` is its clock in an HTTP header."""

    def __init__(self, code: str, text: str, *, status: int = 400, date: str = "") -> None:
        self.code = code
        self.text = text[:300]
        self.status = status
        self.date = date
        super().__init__(f"{code}: {self.text}" if text else code)

    @property
    def concerns_message(self) -> bool:
        """Whether a message is why, so that it would be refused each time."""
        return concerns_message(self.code, self.text)


class BatchOutcome(NamedTuple):
    """How many leading messages are settled; reasons of those refused; why the next one is not."""

    settled: int
    refused: dict[int, str]  # by offset
    error: ServiceError | None = None


def concerns_message(code: str, text: str) -> bool:
    """Return whether a code, with its text, says that the message itself cannot be taken."""
    return code in ABOUT_THE_MESSAGE or (code in ABOUT_A_PARAMETER and bool(TOO_LONG.search(text)))


def outcome_of(messages: Sequence[AwsMessage], answer: Mapping[str, Any]) -> BatchOutcome:
    """Return the outcome of a request: confirmed is only what the answer names as successful.

    A gap event is never refused: what is lost must not be lost once more.
    """
    confirmed = {each.get("Id") for each in answer.get("Successful") or ()}
    failed = {each.get("Id"): each for each in answer.get("Failed") or ()}
    refused: dict[int, str] = {}
    for count, message in enumerate(messages):
        if message.id in confirmed:
            continue
        entry = failed.get(message.id, {})
        if message.event.kind == "gap" or not _is_refusal(entry):
            return BatchOutcome(count, refused, _error(entry))
        refused[message.event.offset] = str(_error(entry))
    return BatchOutcome(len(messages), refused)


def _is_refusal(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("SenderFault")) and concerns_message(
        entry.get("Code", ""), entry.get("Message", "")
    )


def _error(entry: Mapping[str, Any]) -> ServiceError:
    if not entry:
        return ServiceError("the answer does not name the message", "", status=200)
    return ServiceError(entry.get("Code", "no code"), entry.get("Message", ""), status=200)
