"""The composition root: from a blueprint and some hardware to a running agent.

The only place that builds things. Threads start against the flow and stop with it, so that nothing
is ever handed to somebody who is not there.
"""

import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue

from edge_agent.acquire.hardware import Hardware
from edge_agent.assembly.buses import Buses, explained
from edge_agent.assembly.delivery import Delivery, Ties
from edge_agent.assembly.evaluation import assemble_evaluation
from edge_agent.assembly.main_requests import MainRequest
from edge_agent.assembly.reload import Renewal, obstacles, same_delivery
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedOutput
from edge_agent.clock import Clock
from edge_agent.deliver.mqtt.connection import Post
from edge_agent.errors import AgentError
from edge_agent.evaluate.commands.command import Command, Read, Reload
from edge_agent.evaluate.engine import Engine, EngineItem, NewParts, Shown
from edge_agent.evaluate.outputs.output_set import Switchable
from edge_agent.events import Event, Finished, alert_of, lifecycle
from edge_agent.observe.diagnostics import collect_diagnostics
from edge_agent.observe.health import Health
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader, account
from edge_agent.store.recorder import Recorder, RecorderItem
from edge_agent.store.retention import Retention
from edge_agent.store.salvage import open_log, salvage
from edge_agent.threads import Worker

SWITCH_INTERVAL = 0.0005  # seconds: the interpreter's own 5 ms is what one thread would wait
WATCH_SECONDS = 5.0
PATIENCE = 30.0  # seconds a thread between chip and disk may be silent
STOP_SECONDS = 4.5

_logger = logging.getLogger(__name__)


class Agent:
    """Runs until STOP is put into `control`, or a thread puts its name there because it failed.

    `redraw` reads the configuration again, or raises ConfigError. `notify` talks to systemd, and
    `watch` sees every reading and alert as soon as the engine has it.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        hardware: Hardware,
        log_path: Path,
        *,
        clock: Clock,
        reread: Callable[[], Blueprint],
        notify: Callable[[str], None] = lambda _: None,
        watch: Callable[[Shown], None] = lambda _: None,
    ) -> None:
        """Open what the blueprint names; raise HardwareError or LogError where that fails."""
        self.control: SimpleQueue[str | MainRequest] = SimpleQueue()
        self._blueprint = blueprint
        self._hardware = hardware
        self._log_path = log_path
        self._clock = clock
        self._reread = reread
        self._notify = notify
        self._watch = watch
        self._readings: SimpleQueue[EngineItem] = SimpleQueue()
        self._records: SimpleQueue[RecorderItem] = SimpleQueue()
        self._buses = Buses(
            hardware,
            emit=self._readings.put,
            alive=self._alive,
            died=self.control.put,
            clock=clock,
        )
        self._buses.connect(blueprint.devices)
        self._build_flow()

    def run(self) -> int:
        """Start, watch, stop; return the exit code."""
        self.start()
        self._notify("READY=1")
        failed = self._wait()
        self._notify("STOPPING=1")
        self.stop()
        return 1 if failed else 0

    def start(self) -> None:
        """Start every thread, the last of the flow first."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._health = self._build_health()
        for worker in reversed([self._engine, self._recording, *self._delivery.workers]):
            worker.start()
        self._buses.start()
        self._records.put(self._note("started"))
        _logger.info("running: %d devices, log %s", len(self._blueprint.devices), self._log_path)

    def stop(self) -> None:
        """Stop every thread in flow order; what was measured is committed, then delivered."""
        deadline = time.monotonic() + STOP_SECONDS
        self._buses.stop(deadline)
        self._engine.finish(deadline)
        self._records.put(self._note("stopping"))
        recorded = self._recording.finish(deadline)
        self._delivery.stop(deadline)
        if recorded:
            self._recorder.close()  # with the cursor moves that came last
        self._hardware.close()

    def _wait(self) -> str:
        """Feed the watchdog until told to stop; return the name of the thread that failed."""
        known: list[str] = []
        while True:
            try:
                item = self.control.get(timeout=WATCH_SECONDS)
            except Empty:
                silent = self._health.check()
            else:
                if isinstance(item, str):
                    return item
                self._do(item)
                continue
            if silent and silent != known:
                _logger.error("no progress: %s", ", ".join(silent))
            known = silent

    def _build_engine(self, reader: LogReader) -> Worker:
        """Go on where the rules stood, and say so: the broker may be another one."""
        for event in reader.latest_alerts().values():
            if event.source in {rule.name for rule in self._blueprint.rules}:
                self._show(alert_of(event))
        parts = assemble_evaluation(
            self._blueprint, reader, self._clock, self._connect, self._carry_out
        )
        engine = Engine(
            self._readings,
            parts,
            record=self._records.put,
            show=self._show,
            answer=self._post,
            clock=self._clock,
            progress=partial(self._alive, "engine"),
        )
        return Worker("engine", engine.run, partial(self._readings.put, None), self.control.put)

    def _connect(self, resolved: ResolvedOutput) -> Switchable:
        with explained():
            return resolved.build(self._hardware)

    def _build_flow(self) -> None:
        """Open the log, and build what stands between it and the buses, and behind it."""
        log = open_log(self._log_path, self._clock)
        reader = LogReader(self._log_path)
        try:
            for name, counter in self._buses.totals():
                counter.resume(reader.latest_values(name))
            self._delivery = self._build_delivery(log.id, reader)
            self._engine = self._build_engine(reader)
            self._recording = self._build_recorder(log)
        finally:
            reader.close()

    def _build_delivery(self, log_id: str, reader: LogReader) -> Delivery:
        ties = Ties(
            record=self._records.put,
            requested=self._readings.put,
            died=self.control.put,
            alive=self._alive,
            clock=self._clock,
        )
        return Delivery(self._blueprint, log_id, reader, self._log_path, ties)

    def _build_health(self) -> Health:
        return Health(self._patience(), monotonic=self._clock.monotonic, notify=self._notify)

    def _patience(self) -> dict[str, float]:
        """Return every thread with the seconds for which it may be silent."""
        ours = dict.fromkeys([*self._buses.names, "engine", "recorder"], PATIENCE)
        return ours | self._delivery.patience

    def _build_recorder(self, log: EventLog) -> Worker:
        settings = self._blueprint.config.log
        self._recorder = Recorder(
            log,
            self._records,
            announce=self._announce,
            reopen=partial(salvage, self._log_path, self._clock),
            clock=self._clock,
            commit_interval=settings.commit_interval,
            retention=Retention(self._delivery.names, settings.keep, settings.max_size),
            progress=partial(self._alive, "recorder"),
        )
        return Worker(
            "recorder", self._recorder.run, partial(self._records.put, None), self.control.put
        )

    def _carry_out(self, command: Command, key: str) -> None:
        """Hand over what the engine cannot do itself: buses and threads are the main thread's."""
        self.control.put(MainRequest(command, key))

    def _do(self, request: MainRequest) -> None:
        """Run an errand for somebody who sent a command, or for a signal."""
        command, key = request
        if isinstance(command, Reload):
            self._reload(key)
        elif isinstance(command, Read):
            if not self._buses.wake(command.device):  # else its next reading is the answer
                self._readings.put(Finished(key, None, f"no device {command.device[:64]!r}"))
        else:
            node = self._blueprint.config.node
            result = collect_diagnostics(node, account(self._log_path), self._clock)
            self._readings.put(Finished(key, result))

    def _reload(self, key: str) -> None:
        """Take the configuration as it is now, if it can be used; else go on with the old one."""
        try:
            new = self._reread()
            problems = obstacles(self._blueprint, new) + self._buses.obstacles(new.devices)
        except AgentError as error:
            problems = str(error).splitlines()
        if problems:
            self._reloaded(key, problems)
            return
        reload = Renewal(
            self._blueprint,
            new,
            clock=self._clock,
            connect=self._connect,
            delegate=self._carry_out,
        )
        answer: SimpleQueue[str] = SimpleQueue()
        self._readings.put(NewParts(reload.parts, reload.kept, answer.put))
        refused = answer.get()
        if not refused:
            self._renew(new)
        self._reloaded(key, [refused] if refused else [])

    def _renew(self, new: Blueprint) -> None:
        """Let the threads beside the engine follow."""
        old, self._blueprint = self._blueprint, new
        lines = self._buses.renew(new.devices, time.monotonic() + STOP_SECONDS)
        if not same_delivery(old, new):
            self._replace_delivery()
        else:
            self._delivery.show_info(new)
        self._health.watch(self._patience())
        _logger.info("reloaded: %s", f"anew {', '.join(lines)}" if lines else "no bus has changed")

    def _replace_delivery(self) -> None:
        """Connect anew; what is posted meanwhile waits in the new one's inbox."""
        old, log = self._delivery, LogReader(self._log_path)
        try:
            self._delivery = self._build_delivery(log.id, log)
        finally:
            log.close()
        old.stop(time.monotonic() + STOP_SECONDS)
        for worker in reversed(self._delivery.workers):
            worker.start()

    def _reloaded(self, key: str, problems: list[str]) -> None:
        what = "reload_refused" if problems else "reloaded"
        details = {"problems": problems} if problems else {}
        self._records.put(lifecycle(self._clock.now(), what, **details))
        for problem in problems:
            _logger.error("not reloaded: %s", problem)
        result = None if problems else {"devices": len(self._blueprint.devices)}
        self._readings.put(Finished(key, result, "; ".join(problems)))

    def _show(self, news: Shown) -> None:
        self._post(news)
        self._watch(news)

    def _post(self, post: Post) -> None:
        self._delivery.connection.post(post)  # whichever there is: a reload may replace it

    def _announce(self, offset: int) -> None:
        self._delivery.announce(offset)

    def _note(self, what: str) -> Event:
        details = {"version": version("edge-agent"), "node": self._blueprint.config.node}
        return lifecycle(self._clock.now(), what, **details)

    def _alive(self, name: str) -> None:
        self._health.inbox.put(name)
