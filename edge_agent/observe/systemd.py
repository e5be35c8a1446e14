"""Notifies systemd: ready, stopping, alive; does nothing if systemd did not start us."""

import os
import socket
from collections.abc import Callable, Mapping

EXTENDED = 60.0  # seconds that a start has from its last sign of progress on
EVERY = 5.0  # seconds between two messages


class Notifier:
    """Sends sd_notify(3) messages to the socket in `NOTIFY_SOCKET`, if it is set."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog = int(environment.get("WATCHDOG_USEC", "0")) / 1e6

    def __call__(self, message: str) -> None:
        """Send one message, such as ``READY=1``; ignore a socket that does not accept it."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(1)
            try:
                channel.sendto(message.encode(), self._address)
            except OSError:
                return


class StartTimeout:
    """Lets a start take as long as it makes progress: a long log may be migrated or salvaged."""

    def __init__(self, monotonic: Callable[[], float], notify: Callable[[str], None]) -> None:
        self._monotonic = monotonic
        self._notify = notify
        self._due = float("-inf")

    def extend(self) -> None:
        """Ask for more time, unless that was done a moment ago."""
        now = self._monotonic()
        if now >= self._due:
            self._due = now + EVERY
            self._notify(f"EXTEND_TIMEOUT_USEC={round(EXTENDED * 1e6)}")
