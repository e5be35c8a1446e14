"""The head of an HTTP answer on a socket that carries something else afterwards."""

import socket
import time

from edge_agent.deliver.mqtt.obstacle import Obstacle

LONGEST = 8192  # bytes
END = b"\r\n\r\n"


class Head:
    """Status and fields of an answer; the names of the fields are in small letters."""

    def __init__(self, text: str) -> None:
        status, *lines = text.split("\r\n")
        parts = status.split(" ", 2)
        if not parts[0].startswith("HTTP/1.") or not parts[1:] or not parts[1].isdigit():
            raise Obstacle("its answer is not HTTP; check host and port of the URL")
        self.code = int(parts[1])
        self.status = " ".join(parts[1:])
        found = (line.partition(":") for line in lines)
        self.fields = {name.strip().lower(): value.strip() for name, _, value in found}


def exchange(sock: socket.socket, request: str, seconds: float) -> Head:
    """Send a request and return the head of the answer; raise OSError.

    It is read byte by byte: what follows is no HTTP any more.
    """
    deadline, read = time.monotonic() + seconds, bytearray()
    sock.sendall(request.encode())
    while not read.endswith(END):
        left = deadline - time.monotonic()
        if left <= 0 or len(read) >= LONGEST:
            raise Obstacle("its answer has no end; check host and port of the URL")
        sock.settimeout(left)
        byte = sock.recv(1)
        if not byte:
            raise ConnectionResetError
        read += byte
    sock.settimeout(seconds)
    return Head(read.removesuffix(END).decode("latin-1"))
