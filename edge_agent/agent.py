"""The agent: starts the flow, watches over its threads, and stops it again."""

import logging
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge_agent.acquire.hardware import Hardware
from edge_agent.assembly.control import Control, MainRequest
from edge_agent.assembly.flow import Flow
from edge_agent.assembly.live_news import LiveNews
from edge_agent.assembly.main_requests import carry_out, reload_recorded
from edge_agent.assembly.metrics import Metrics
from edge_agent.assembly.remote_configuration import RemoteConfiguration
from edge_agent.assembly.self_report import SelfReporter
from edge_agent.assembly.statistics import Statistics
from edge_agent.assembly.web import AgentPage
from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.config.origin import ConfigOrigin
from edge_agent.errors import HardwareError
from edge_agent.evaluate.commands.command import Command, Reload
from edge_agent.evaluate.engine_items import Shown
from edge_agent.events import Request, lifecycle
from edge_agent.live.fan_out import FanOut
from edge_agent.local_time import LocalTime
from edge_agent.observe.health import Health
from edge_agent.observe.systemd import StartTimeout
from edge_agent.threads import STOP_SECONDS

SWITCH_INTERVAL = 0.0005  # seconds: the interpreter's own 5 ms is what one thread would wait
WATCH_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Agent:
    """Runs until STOP is put into `control`, or a thread puts its name there because it failed.

    `reread` reads the configuration again, or raises ConfigError. `notify` talks to systemd, and
    `watch` gets every reading, alert and output setting as soon as the engine has it. The page
    shows the configuration at `origin`.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        hardware: Hardware,
        log_path: Path,
        *,
        control: Control,
        clock: Clock,
        reread: Callable[[], Blueprint],
        notify: Callable[[str], None] = lambda _: None,
        watch: Callable[[Shown], None] = lambda _: None,
        origin: ConfigOrigin | None = None,
    ) -> None:
        """Open what the blueprint names; raise HardwareError or LogError if that fails."""
        self.control = control
        self._reread, self._notify = reread, notify
        self._metrics = Metrics(blueprint, log_path, clock)
        self._page = AgentPage(blueprint, log_path, clock, origin=origin, request=self._request)
        self._health = self._build_health(clock)
        shown = FanOut((watch, self._metrics.put, self._page.put))
        news = LiveNews(shown.put, self._page.put)
        self._flow = self._build_flow(blueprint, hardware, log_path, clock, news)
        self._self_reporter = SelfReporter(log_path, clock, self._flow.show)
        self._statistics = self._build_statistics()
        self._remote = self._build_remote(origin)
        self._local_time = LocalTime()

    def run(self) -> int:
        """Start, watch, stop; return the exit code."""
        self.start()
        self._notify("READY=1")
        failed = self._wait()
        self._notify("STOPPING=1")
        code = self.stop()
        return code or int(bool(failed))

    def start(self) -> None:
        """Start every thread."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._health.watch(self._flow.names)
        self._flow.start()
        self._metrics.start()
        self._page.start()
        self._statistics.follow(self._flow.blueprint)
        self._note("started")
        devices = len(self._flow.blueprint.devices)
        plural = "s" * (devices != 1)
        _logger.info("running: %d device%s, log %s", devices, plural, self._flow.log_path)

    def stop(self) -> int:
        """Make outputs safe, then stop every thread; what was measured is committed and delivered.

        Return the exit code: 3 if an output may not be safe, 1 if the log does not have everything.
        """
        deadline = time.monotonic() + STOP_SECONDS
        safe = self._flow.stop_measuring(deadline)
        self._note("stopping")
        written = self._flow.stop(deadline)
        self._metrics.stop(deadline)
        self._page.stop(deadline)
        self._statistics.stop(deadline)
        return int(not written) if safe else HardwareError.exit_code

    def _build_flow(
        self,
        blueprint: Blueprint,
        hardware: Hardware,
        log_path: Path,
        clock: Clock,
        news: LiveNews,
    ) -> Flow:
        return Flow(
            blueprint,
            hardware,
            log_path,
            clock=clock,
            starting=StartTimeout(clock.monotonic, self._notify).extend,
            alive=self._health.inbox.put,
            died=self.control.put,
            delegate=self._delegate,
            news=news,
            report=FanOut((self._metrics.put, self._page.report)).put,
        )

    def _build_health(self, clock: Clock) -> Health:
        return Health(
            monotonic=clock.monotonic,
            notify=self._notify,
            every=WATCH_SECONDS,
            notices=self._status,
            report=self._metrics.put,
        )

    def _build_statistics(self) -> Statistics:
        flow = self._flow
        save = lambda state: flow.records.put([state])  # noqa: E731
        return Statistics(flow.log_path, flow.clock, save, flow.notices.put)

    def _build_remote(self, origin: ConfigOrigin | None) -> RemoteConfiguration | None:
        return origin and RemoteConfiguration(origin, self._reload)

    def _reload(self) -> dict[str, Any]:
        """Put the file of the configuration in force; raise AgentError if that is refused."""
        result = reload_recorded(self._flow, self._reread, self.control.stopping)
        self._follow()
        return result

    def _status(self) -> str:
        return self._flow.notices.line()

    def _wait(self) -> str:
        """Carry out requests until asked to stop; return the name of the thread that failed.

        The watchdog is fed when it is time, however many requests come.
        """
        while True:
            requests = self.control.take(self._health.step())
            self._local_time.look()
            if isinstance(requests, str):
                return requests
            if requests:
                self._carry_out(requests)
            if self._remote is not None:
                self._remote.step(self._flow)
            if self._flow.blueprint.config.home_assistant.enabled:
                self._self_reporter.step()

    def _carry_out(self, requests: list[MainRequest]) -> None:
        carry_out(requests, self._flow, self._reread, self.control.stopping, self._remote)
        if isinstance(requests[0].command, Reload):
            self._follow()

    def _follow(self) -> None:
        """Let everything beside the flow know the configuration in force."""
        self._health.watch(self._flow.names)
        self._metrics.follow(self._flow.blueprint)
        self._page.follow(self._flow.blueprint)
        self._statistics.follow(self._flow.blueprint)

    def _delegate(self, command: Command, key: str) -> None:
        """Take what the engine cannot do itself: buses and threads are the main thread's."""
        self.control.put(MainRequest(command, key))

    def _request(self, request: Request) -> None:
        """Give a command of the page to the engine."""
        self._flow.readings.put(request)

    def _note(self, what: str) -> None:
        node = self._flow.blueprint.config.node
        event = lifecycle(self._flow.clock.now(), what, version=version("edge-agent"), node=node)
        self._flow.records.put(event)
