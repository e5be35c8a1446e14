"""Notifies systemd: ready, stopping, alive; does nothing if systemd did not start us."""

import os
import socket
from collections.abc import Mapping


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
