"""The page, if it is configured: its thread, its views, and what they read."""

import logging
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.config.listen import listen_address
from edge_agent.config.origin import ConfigOrigin
from edge_agent.config.web import WebSettings
from edge_agent.evaluate.engine_items import Shown
from edge_agent.figures import Figure, unreported
from edge_agent.paths import expanded
from edge_agent.threads import Worker

if TYPE_CHECKING:
    from edge_agent.assembly.trust import Trust
    from edge_agent.observe.web.build import PageAccess
    from edge_agent.observe.web.route import PageView

PutShown: TypeAlias = Callable[[Shown], None]
PutFigure: TypeAlias = Callable[[Figure], None]

_logger = logging.getLogger(__name__)


class AgentPage:
    """Takes what is shown, from any thread; without `[web]`, it drops it.

    The main thread alone calls the rest. A failed thread ends the page, and nothing else.
    """

    def __init__(
        self, blueprint: Blueprint, log_path: Path, clock: Clock, origin: ConfigOrigin | None
    ) -> None:
        """Raise AgentError if password or certificate cannot be read any more.

        Without an `origin`, the page has no view Trust.
        """
        self.put: PutShown = _drop
        self.report: PutFigure = unreported
        self._blueprint = blueprint
        self._worker: Worker | None = None
        self._trust: Trust | None = None
        if blueprint.config.web.listen:
            self._build(log_path, clock, origin)

    def start(self) -> None:
        """Serve, if it is configured."""
        if self._trust is not None:
            self._trust.start()
        if self._worker is not None:
            self._worker.start()

    def follow(self, blueprint: Blueprint) -> None:
        """Show a blueprint from now on."""
        self._blueprint = blueprint

    def stop(self, deadline: float) -> None:
        """End the thread."""
        if self._worker is not None:
            self._worker.finish(deadline)
        if self._trust is not None:
            self._trust.stop()

    def _build(self, log_path: Path, clock: Clock, origin: ConfigOrigin | None) -> None:
        from edge_agent.observe.web.build import page_server  # noqa: PLC0415

        config = self._blueprint.config
        about = {"node": config.node, "version": version("edge-agent")}
        server = page_server(
            _access(config.web),
            self._views(log_path, clock, origin),
            about=about,
            monotonic=clock.monotonic,
            died=_failed,
        )
        self._worker = Worker("web", server.run, server.stop, _failed)

    def _views(self, log_path: Path, clock: Clock, origin: ConfigOrigin | None) -> "list[PageView]":
        views = _past_views(lambda: self._blueprint, log_path)
        return views if origin is None else [*views, self._build_trust(log_path, clock, origin)]

    def _build_trust(self, log_path: Path, clock: Clock, origin: ConfigOrigin) -> "PageView":
        from edge_agent.assembly.trust import Trust  # noqa: PLC0415

        self._trust = Trust(origin, log_path, lambda: self._blueprint, clock)
        self.report = self._trust.report
        return self._trust.view


def _past_views(blueprint: Callable[[], Blueprint], log_path: Path) -> "list[PageView]":
    from edge_agent.assembly.log_history import LogHistory  # noqa: PLC0415
    from edge_agent.observe.web.history.view import HistoryView  # noqa: PLC0415
    from edge_agent.observe.web.what_if import WhatIfView  # noqa: PLC0415

    history = LogHistory(log_path, blueprint)
    return [HistoryView(history), WhatIfView(history)]


def _access(web: WebSettings) -> "PageAccess":
    from edge_agent.deliver.credentials import read_password, server_context  # noqa: PLC0415
    from edge_agent.observe.web.build import PageAccess  # noqa: PLC0415

    password = read_password(web.password_file, web.password_env)
    tls = None
    if web.certificate:
        tls = server_context(expanded(web.certificate), expanded(web.key))
    return PageAccess(listen_address(web.listen), password, tls)


def _drop(_item: Shown) -> None:
    """Take an item if there is no page."""


def _failed(name: str) -> None:
    _logger.error("%s: ended by an error; the agent continues without the page", name)
