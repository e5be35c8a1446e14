"""Makes lines of bytes that arrive in any portions; its memory is bounded."""

LINE_BYTES = 200
PORTION_BYTES = 256


class LineTooLong(ValueError):
    """A line has more than LINE_BYTES; the rest of it is skipped."""

    def __init__(self) -> None:
        super().__init__(f"a line has at most {LINE_BYTES} bytes")


class LineBuffer:
    """Never holds more than one line that is too long and one portion."""

    def __init__(self) -> None:
        self._bytes = b""
        self._skipping = False

    def has_line(self) -> bool:
        """Return whether `take` has a line to give, without more bytes."""
        return b"\n" in self._bytes

    def feed(self, portion: bytes) -> None:
        """Add bytes, at most PORTION_BYTES; none is the end, which ends the last line too."""
        if not portion and self._bytes and not self.has_line():
            portion = b"\n"
        self._bytes += portion

    def take(self) -> str | None:
        """Return the next line, or None until there is one; raise LineTooLong."""
        line, end, rest = self._bytes.partition(b"\n")
        if not end and len(line) <= LINE_BYTES:
            return None
        self._bytes = rest
        skipped, self._skipping = self._skipping, not end
        if skipped:
            return None
        if len(line) > LINE_BYTES:
            raise LineTooLong
        return line.decode(errors="replace").strip()
