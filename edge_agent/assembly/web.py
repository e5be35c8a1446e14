"""The page, if it is configured: its thread, and its views."""

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
from edge_agent.events import Answer, Request
from edge_agent.figures import Figure, unreported
from edge_agent.paths import expanded
from edge_agent.threads import Worker

if TYPE_CHECKING:
    from edge_agent.assembly.page_views import PageViews
    from edge_agent.observe.web.build import PageAccess

_logger = logging.getLogger(__name__)

PutShown: TypeAlias = Callable[[Shown | Answer], None]
PutFigure: TypeAlias = Callable[[Figure], None]
SendRequest: TypeAlias = Callable[[Request], None]


class AgentPage:
    """Takes what is shown, and the answers to its commands; without `[web]`, it drops them.

    Any thread may put; the main thread alone calls the rest. A failed thread ends the page, and
    nothing else. `request` gives a command to the engine.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        log_path: Path,
        clock: Clock,
        *,
        origin: ConfigOrigin | None = None,
        request: SendRequest,
    ) -> None:
        """Raise AgentError if password or certificate cannot be read any more.

        Without an `origin`, there is no view Trust.
        """
        self.put: PutShown = unreported
        self.report: PutFigure = unreported
        self._views: PageViews | None = None
        self._worker: Worker | None = None
        if blueprint.config.web.listen:
            self._views = _views(blueprint, log_path, clock, origin, request)
            self.put, self.report = self._views.put, self._views.report
            self._worker = _worker(blueprint, self._views, clock)

    def start(self) -> None:
        """Serve, if it is configured."""
        if self._views is not None and self._worker is not None:
            self._views.start()
            self._worker.start()

    def follow(self, blueprint: Blueprint) -> None:
        """Show a blueprint from now on."""
        if self._views is not None:
            self._views.follow(blueprint)

    def stop(self, deadline: float) -> None:
        """End the thread; one that is busy ends with the process."""
        if self._views is not None and self._worker is not None:
            self._worker.finish(deadline)
            self._views.stop()


def _views(
    blueprint: Blueprint,
    log_path: Path,
    clock: Clock,
    origin: ConfigOrigin | None,
    request: SendRequest,
) -> "PageViews":
    from edge_agent.assembly.page_views import PageViews  # noqa: PLC0415

    return PageViews(blueprint, log_path, clock, origin=origin, request=request)


def _worker(blueprint: Blueprint, views: "PageViews", clock: Clock) -> Worker:
    from edge_agent.observe.web.build import page_server  # noqa: PLC0415

    config = blueprint.config
    server = page_server(
        _access(config.web),
        views.all,
        about={"node": config.node, "version": version("edge-agent")},
        monotonic=clock.monotonic,
        died=_failed,
    )
    return Worker("web", server.run, server.stop, _failed)


def _access(web: WebSettings) -> "PageAccess":
    from edge_agent.deliver.credentials import read_password, server_context  # noqa: PLC0415
    from edge_agent.observe.web.build import PageAccess  # noqa: PLC0415

    password = read_password(web.password_file, web.password_env)
    tls = None
    if web.certificate:
        tls = server_context(expanded(web.certificate), expanded(web.key))
    return PageAccess(listen_address(web.listen), password, tls)


def _failed(name: str) -> None:
    _logger.error("%s: ended by an error; the agent continues without the page", name)
