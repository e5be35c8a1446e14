"""What people should know about destinations while everything works: shown in status."""

from queue import Empty, SimpleQueue


class Notices:
    """Collects one text for each destination; the main thread alone reads them."""

    def __init__(self) -> None:
        self._inbox: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._texts: dict[str, str] = {}

    def put(self, name: str, text: str) -> None:
        """Set a destination's text, from any thread; an empty one removes it."""
        self._inbox.put((name, text))

    def current(self) -> dict[str, str]:
        """Return the texts that are not empty, by destination."""
        try:
            while True:
                name, text = self._inbox.get_nowait()
                self._texts[name] = text
        except Empty:
            return {name: text for name, text in sorted(self._texts.items()) if text}

    def line(self) -> str:
        """Return all texts as one line."""
        return "; ".join(f"{name} {text}" for name, text in self.current().items())
