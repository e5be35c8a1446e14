"""The view Trust of the page, and what it needs of the agent."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.assembly.refinement import refinement
from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.config.origin import ConfigOrigin
from edge_agent.observe.web.trust.doctor_runs import DoctorRuns
from edge_agent.observe.web.trust.log_lines import LineBook, LineHandler
from edge_agent.observe.web.trust.offset_times import OffsetTimes
from edge_agent.observe.web.trust.view import TrustSources, TrustView
from edge_agent.store.event_lookup import EventLookup

if TYPE_CHECKING:
    from edge_agent.doctor.finding import ThemeResult


class Trust:
    """The view, the figures that it takes, and the log lines from `start` to `stop`.

    `current` returns the blueprint in force, in any thread.
    """

    def __init__(
        self, origin: ConfigOrigin, log_path: Path, current: Callable[[], Blueprint], clock: Clock
    ) -> None:
        now = lambda: clock.now().time  # noqa: E731
        times = OffsetTimes(now)
        self.report = times.put
        self._handler = LineHandler()
        sources = TrustSources(
            partial(EventLookup, log_path),
            partial(_configuration, origin, current, clock),
            lambda device: refinement(current(), device),
        )
        doctor = DoctorRuns(partial(_diagnosis, origin, clock), clock.monotonic, now)
        self.view = TrustView(sources, times, doctor, LineBook(self._handler.inbox))

    def start(self) -> None:
        """Take the lines of the log from now on."""
        logging.getLogger().addHandler(self._handler)

    def stop(self) -> None:
        """Take no more of them."""
        logging.getLogger().removeHandler(self._handler)


def _configuration(origin: ConfigOrigin, current: Callable[[], Blueprint], clock: Clock) -> object:
    from edge_agent.assembly.configuration_report import configuration_report  # noqa: PLC0415

    return configuration_report(origin, current().config, clock)


def _diagnosis(origin: ConfigOrigin, clock: Clock) -> "Iterator[ThemeResult]":
    from edge_agent.assembly.configuration_report import case_of  # noqa: PLC0415
    from edge_agent.doctor.diagnosis import diagnose  # noqa: PLC0415

    case = case_of(origin, clock)
    with closing(case.hardware):
        yield from diagnose(case)
