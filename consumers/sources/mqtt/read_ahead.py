"""A socket that is read in large pieces: paho asks for a byte, then a byte, then the rest."""

from typing import Any

CHUNK = 65_536


class ReadAhead:
    """Has at once what a few more `recv` will return: `pending` says how many bytes of it.

    Everything else is done by the socket itself.
    """

    def __init__(self, sock: Any) -> None:  # noqa: ANN401 - of TCP, or of TLS
        self._sock = sock
        self._chunk = b""
        self._position = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._sock, name)

    def recv(self, most: int) -> bytes:
        """Return at least a byte; nothing at the end. Raises what the socket raises."""
        begin = self._position
        if begin == len(self._chunk):
            self._chunk = self._sock.recv(CHUNK)
            begin = 0
        self._position = min(begin + most, len(self._chunk))
        return self._chunk[begin : self._position]

    def pending(self) -> int:
        """Return how many bytes were read, but not returned; also those in the TLS layer."""
        waiting = len(self._chunk) - self._position
        return waiting or getattr(self._sock, "pending", int)()
