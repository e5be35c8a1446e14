"""The composition root: from a blueprint and some hardware to a running agent.

The only place that builds things. Threads start against the flow and stop with it, so that nothing
is ever handed to somebody who is not there.
"""

import logging
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from drivers.driver import Totalling
from drivers.errors import DriverError
from edge_agent.acquire.bus_worker import BusWorker, Device
from edge_agent.acquire.hardware import Hardware
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.description import describe
from edge_agent.blueprint.devices import DrawnOutput
from edge_agent.blueprint.rules import plan_device
from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.forwarder import Forwarder, News
from edge_agent.deliver.mqtt.connection import Connection
from edge_agent.deliver.mqtt.events import MqttEvents
from edge_agent.deliver.mqtt.state import LiveState
from edge_agent.errors import HardwareError
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.outputs import Output, Outputs
from edge_agent.evaluate.rules import restored
from edge_agent.events import Alert, Event, Reading, alert_of, lifecycle
from edge_agent.observe.health import Health
from edge_agent.settings import switch
from edge_agent.store.event_log import EventLog, LogReader
from edge_agent.store.recorder import Damaged, Recorder
from edge_agent.store.recorder import Item as Record
from edge_agent.store.retention import Retention
from edge_agent.store.salvage import open_log, salvage
from edge_agent.threads import Worker

STOP = ""  # what `control` takes to end the agent; anything else is a thread that failed
SWITCH_INTERVAL = 0.0005  # seconds: the interpreter's own 5 ms is what one thread would wait
WATCH_SECONDS = 5.0
PATIENCE = 30.0  # seconds a thread may be silent
STOP_SECONDS = 4.5
DRAIN_SECONDS = 2.0  # of those, for the last events to reach the broker

_logger = logging.getLogger(__name__)


class Agent:
    """Runs until STOP is put into `control`, or a thread puts its name there because it failed.

    `notify` talks to systemd; `watch` sees every reading and alert as soon as the engine has it.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        hardware: Hardware,
        log_path: Path,
        *,
        clock: Clock,
        notify: Callable[[str], None] = lambda _: None,
        watch: Callable[[Reading | Alert], None] = lambda _: None,
    ) -> None:
        """Open what the blueprint names; raise HardwareError or LogError where that fails."""
        self.control: SimpleQueue[str] = SimpleQueue()
        self._blueprint = blueprint
        self._hardware = hardware
        self._log_path = log_path
        self._clock = clock
        self._notify = notify
        self._watch = watch
        self._readings: SimpleQueue[Reading | None] = SimpleQueue()
        self._records: SimpleQueue[Record] = SimpleQueue()
        self._news: SimpleQueue[News] = SimpleQueue()
        self._counters: dict[str, Totalling] = {}
        self._buses = self._build_buses()
        self._flow = self._build_flow()

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
        for worker in reversed([*self._buses, *self._flow]):
            worker.start()
        self._records.put(self._note("started"))
        _logger.info("running: %d devices, log %s", len(self._blueprint.devices), self._log_path)

    def stop(self) -> None:
        """Stop every thread in flow order; what was measured is committed, then delivered."""
        deadline = time.monotonic() + STOP_SECONDS
        for bus in self._buses:
            bus.tell()
        for bus in self._buses:
            bus.join(deadline)
        engine, recorder, forwarder, connection = self._flow
        engine.finish(deadline)
        self._records.put(self._note("stopping"))
        recorded = recorder.finish(deadline)
        forwarder.finish(min(time.monotonic() + DRAIN_SECONDS, deadline))
        if connection.finish(deadline) and forwarder.join(deadline):
            self._connection.close()
        if recorded:
            self._recorder.close()  # with the cursor moves that came last
        self._hardware.close()

    def _wait(self) -> str:
        """Feed the watchdog until told to stop; return the name of the thread that failed."""
        known: list[str] = []
        while True:
            try:
                return self.control.get(timeout=WATCH_SECONDS)
            except Empty:
                silent = self._health.check()
            if silent and silent != known:
                _logger.error("no progress for %.0f s: %s", PATIENCE, ", ".join(silent))
            known = silent

    def _build_buses(self) -> list[Worker]:
        """Connect the drivers, and give each bus its thread."""
        lines: dict[str, list[Device]] = defaultdict(list)
        for drawn in self._blueprint.devices:
            with _explained():
                driver = drawn.build(self._hardware)
            device = Device.of(drawn.settings.name, driver, drawn.settings.every)
            lines[drawn.place.line].append(device)
            if isinstance(driver, Totalling):
                self._counters[drawn.settings.name] = driver
        return [self._build_bus(line, devices) for line, devices in lines.items()]

    def _build_bus(self, line: str, devices: list[Device]) -> Worker:
        inbox: SimpleQueue[Any] = SimpleQueue()
        bus = BusWorker(
            line,
            devices,
            inbox,
            emit=self._readings.put,
            clock=self._clock,
            progress=partial(self._alive, line),
        )
        return Worker(line, bus.run, partial(inbox.put, None), self.control.put)

    def _build_engine(self, alerts: Mapping[str, Alert]) -> Worker:
        """Go on where the rules stood, and say so: the broker may be another one."""
        for alert in alerts.values():
            self._show(alert)
        now = self._clock.now()
        engine = Engine(
            self._readings,
            plans={one.settings.name: plan_device(one) for one in self._blueprint.devices},
            rules=self._blueprint.rules,
            states={name: restored(alert.state, now) for name, alert in alerts.items()},
            outputs=Outputs([self._connect(one) for one in self._blueprint.outputs]),
            record=self._records.put,
            show=self._show,
            clock=self._clock,
            progress=partial(self._alive, "engine"),
        )
        return Worker("engine", engine.run, partial(self._readings.put, None), self.control.put)

    def _latest_alerts(self, reader: LogReader) -> dict[str, Alert]:
        """Return the last alert of every rule that there still is."""
        names = {rule.name for rule in self._blueprint.rules}
        logged = reader.latest_alerts().values()
        return {event.source: alert_of(event) for event in logged if event.source in names}

    def _connect(self, drawn: DrawnOutput) -> Output:
        with _explained():
            driver = drawn.build(self._hardware)
        return Output(drawn.settings.name, driver, switch(drawn.settings.safe))

    def _build_flow(self) -> tuple[Worker, Worker, Worker, Worker]:
        """Open the log, and build what stands between it and the buses, and behind it."""
        log = open_log(self._log_path, self._clock)
        reader = LogReader(self._log_path)
        try:
            for name, counter in self._counters.items():
                counter.resume(reader.latest_values(name))
            connection = self._build_connection(log.id)
            engine = self._build_engine(self._latest_alerts(reader))
            forwarder = self._build_forwarder(log, reader)
            return engine, self._build_recorder(log), forwarder, connection
        finally:
            reader.close()

    def _build_health(self) -> Health:
        names = [*(bus.name for bus in self._buses), "engine", "recorder"]
        return Health(
            names, monotonic=self._clock.monotonic, notify=self._notify, patience=PATIENCE
        )

    def _build_recorder(self, log: EventLog) -> Worker:
        settings = self._blueprint.config.log
        self._recorder = Recorder(
            log,
            self._records,
            announce=self._news.put,
            reopen=partial(salvage, self._log_path, self._clock),
            clock=self._clock,
            commit_interval=settings.commit_interval,
            retention=Retention((MqttEvents.name,), settings.keep, settings.max_size),
            progress=partial(self._alive, "recorder"),
        )
        return Worker(
            "recorder", self._recorder.run, partial(self._records.put, None), self.control.put
        )

    def _build_forwarder(self, log: EventLog, reader: LogReader) -> Worker:
        node, mqtt = self._blueprint.config.node, self._blueprint.config.mqtt
        sink = MqttEvents(
            f"edge/{node}",
            Envelope(node, log.id),
            self._connection.post,
            max_batch=mqtt.max_batch,
        )
        forwarder = Forwarder(
            sink,
            self._news,
            open_reader=partial(LogReader, self._log_path),
            cursor=reader.cursor(sink.name),
            commit=self._records.put,
            damaged=lambda error, inode: self._records.put(Damaged(error, inode)),
            clock=self._clock,
            backoff=Backoff(random.random),
        )
        self._news.put(log.last_offset())
        return Worker("forwarder", forwarder.run, partial(self._news.put, None), self.control.put)

    def _build_connection(self, log_id: str) -> Worker:
        config = self._blueprint.config
        about = msgspec.json.encode(describe(self._blueprint, log_id))
        self._connection = Connection(
            self._blueprint.broker,
            LiveState(f"edge/{config.node}", about, retained=config.mqtt.retained),
            changed=self._connected,
            backoff=Backoff(random.random),
        )
        return Worker(
            "connection",
            self._connection.run,
            partial(self._connection.post, None),
            self.control.put,
        )

    def _connected(self, up: bool) -> None:
        if up:
            self._news.put("retry")

    def _show(self, news: Reading | Alert) -> None:
        self._connection.post(news)
        self._watch(news)

    def _note(self, what: str) -> Event:
        details = {"version": version("edge-agent"), "node": self._blueprint.config.node}
        return lifecycle(self._clock.now(), what, **details)

    def _alive(self, name: str) -> None:
        self._health.inbox.put(name)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn a driver's error into one that ends the agent: what is configured must be there."""
    try:
        yield
    except DriverError as error:
        raise HardwareError(f"{error.where}: {error.what}", error.remedy) from error
