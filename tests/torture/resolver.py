"""Python's resolver as a fault wants it, in the agent's process.

The file that EDGE_DNS names holds the answer for NAME: an address, "fail" or "hang".
"""

import os
import socket
import threading
from pathlib import Path
from typing import Any

VARIABLE = "EDGE_DNS"
NAME = "broker.torture"


def resolve_as_told() -> None:
    """Answer for NAME as the environment asks for; a resolver hangs until the file changes."""
    if VARIABLE not in os.environ:
        return
    file, resolve = Path(os.environ[VARIABLE]), socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        if host != NAME:
            return resolve(host, *rest, **more)
        while (answer := file.read_text()) == "hang":
            threading.Event().wait(0.05)  # bounded by the file
        if answer == "fail":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolve(answer, *rest, **more)

    socket.getaddrinfo = getaddrinfo
