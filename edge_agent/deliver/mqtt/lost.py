"""The end of a connection, and what it says about the next attempt."""

from typing import Literal, TypeAlias

# "version": the broker refuses the MQTT version; "closed": it closed before it answered;
# "retain": it refuses a will that is to be retained; "login": it refuses the client;
# "name": the host name has no address; "hung up": it ended the session without a reason;
# "message": because of a message; "other": all the rest
Cause: TypeAlias = Literal[
    "version", "closed", "retain", "login", "name", "hung up", "message", "other"
]


class ConnectionLost(Exception):
    """The session is over, or did not begin."""

    def __init__(self, reason: str, cause: Cause = "other") -> None:
        super().__init__(reason)
        self.cause = cause

    @property
    def lasting(self) -> bool:
        """Return whether a person has to correct it, so that frequent attempts are of no use."""
        return self.cause == "login"
