"""Python's resolver as a fault wants it: first on the PYTHONPATH of an agent process.

The file named by EDGE_DNS holds the answer for NAME: an address, "fail" or "hang".
"""

import os
import socket
import time
from pathlib import Path

NAME = "broker.torture"
ANSWER = Path(os.environ["EDGE_DNS"])

resolve = socket.getaddrinfo


def getaddrinfo(host, *rest, **more):
    """Answer for NAME as the file says; a resolver that hangs does so until the file changes."""
    if host != NAME:
        return resolve(host, *rest, **more)
    while (answer := ANSWER.read_text()) == "hang":
        time.sleep(0.05)
    if answer == "fail":
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return resolve(answer, *rest, **more)


socket.getaddrinfo = getaddrinfo
