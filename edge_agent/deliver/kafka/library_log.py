"""Where librdkafka's own lines go: to the agent's log, for those who debug; never to stderr."""

import logging

_logger = logging.getLogger(__name__)


class LibraryLog:
    """What the library takes for a logger; what it calls an error, its events report as well."""

    def log(self, _level: int, text: str, *arguments: object) -> None:
        """Log a line at the level of debugging."""
        _logger.debug(text, *arguments)
