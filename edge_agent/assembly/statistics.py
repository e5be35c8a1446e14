"""The import into Home Assistant's statistics, if it is configured: its thread, and what it has."""

import logging
import random
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.events import SavedState
from edge_agent.store.history import HistoryReader
from edge_agent.threads import Worker

NAME = "home-assistant"  # of the thread, and of its notices

_logger = logging.getLogger(__name__)


class Statistics:
    """Lets a thread import what a blueprint names; the main thread alone calls it.

    A failed thread ends the import, and nothing else.
    """

    def __init__(
        self,
        log_path: Path,
        clock: Clock,
        save: Callable[[SavedState], None],
        notice: Callable[[str, str], None],
    ) -> None:
        self._log_path = log_path
        self._clock = clock
        self._save = save
        self._notice = notice
        self._worker: Worker | None = None

    def follow(self, blueprint: Blueprint) -> None:
        """Import what a blueprint names from now on, in a new thread."""
        self._request_stop()
        settings = blueprint.config.home_assistant
        if settings.enabled and settings.url:
            self._worker = self._build(blueprint)
            self._worker.start()

    def stop(self, deadline: float) -> None:
        """End the thread; one that waits for a slow server ends with the process."""
        if self._worker is not None:
            self._worker.finish(deadline)

    def _request_stop(self) -> None:
        """Let an earlier thread end by itself: two would import the same numbers."""
        if self._worker is not None:
            self._worker.request_stop()
        self._worker = None

    def _build(self, blueprint: Blueprint) -> Worker:
        from edge_agent.blueprint.discovered import discovered_node  # noqa: PLC0415
        from edge_agent.blueprint.statistics import (  # noqa: PLC0415
            import_options,
            imported_channels,
        )
        from edge_agent.deliver.home_assistant.import_loop import ImportLoop  # noqa: PLC0415
        from edge_agent.deliver.home_assistant.session import logged_in  # noqa: PLC0415
        from edge_agent.deliver.home_assistant.statistics_import import (  # noqa: PLC0415
            StatisticsImport,
        )

        stopping = threading.Event()
        config = blueprint.config
        node = discovered_node(config, blueprint.devices, blueprint.outputs)
        steps = StatisticsImport(
            imported_channels(node),
            connect=partial(logged_in, import_options(config.home_assistant), stopping.is_set),
            open_log=partial(HistoryReader, self._log_path),
            save=self._save,
            clock=self._clock,
            pause=stopping.wait,
            stopping=stopping.is_set,
        )
        loop = ImportLoop(steps, stopping, Backoff(random.random), partial(self._notice, NAME))
        return Worker(NAME, loop.run, stopping.set, _failed)


def _failed(name: str) -> None:
    _logger.error("%s: ended by an error; statistics are not imported until a restart", name)
