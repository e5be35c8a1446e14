"""The views of the agent's page, and what they need of it; imported only if there is a page."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_agent.assembly.log_history import LogHistory
from edge_agent.assembly.now import described, read_account
from edge_agent.assembly.trust import Trust
from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.config.origin import ConfigOrigin
from edge_agent.events import Request
from edge_agent.figures import Figure, UnknownRules, unreported
from edge_agent.observe.web.history.view import HistoryView
from edge_agent.observe.web.now.view import NowView
from edge_agent.observe.web.route import PageView
from edge_agent.observe.web.what_if import WhatIfView


class PageViews:
    """Takes what is shown, answers and figures, from any thread; the main thread does the rest.

    Without an `origin`, there is no view Trust.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        log_path: Path,
        clock: Clock,
        *,
        origin: ConfigOrigin | None,
        request: Callable[[Request], None],
    ) -> None:
        self._blueprint = blueprint
        account = partial(read_account, blueprint.config, log_path, clock)
        self._now = NowView(clock, account, request)
        self.put = self._now.put
        history = LogHistory(log_path, lambda: self._blueprint)
        self._past: list[PageView] = [HistoryView(history), WhatIfView(history)]
        self._report: Callable[[Figure], None] = unreported
        self._trust: Trust | None = None
        if origin is not None:
            self._trust = Trust(origin, log_path, lambda: self._blueprint, clock)
            self._report = self._trust.report
        self.follow(blueprint)

    @property
    def all(self) -> list[PageView]:
        """Return the views."""
        trust = [] if self._trust is None else [self._trust.view]
        return [self._now, *self._past, *trust]

    def report(self, figure: Figure) -> None:
        """Take a figure."""
        if isinstance(figure, UnknownRules):
            self._now.put(figure)
        else:
            self._report(figure)

    def start(self) -> None:
        """Begin with what lasts as long as the page."""
        if self._trust is not None:
            self._trust.start()

    def follow(self, blueprint: Blueprint) -> None:
        """Show a blueprint from now on."""
        self._blueprint = blueprint
        self._now.put(described(blueprint))

    def stop(self) -> None:
        """End it."""
        if self._trust is not None:
            self._trust.stop()
