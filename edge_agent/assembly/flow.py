"""The path of an event through the agent, as threads: buses, engine, recorder, sinks."""

import logging
import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from edge_agent.acquire.hardware import Hardware
from edge_agent.acquire.schedule import phase_of
from edge_agent.assembly.announcement import Announcement, show_inactive
from edge_agent.assembly.buses import Buses, by_bus
from edge_agent.assembly.delivery import Delivery, RunningSink, Surroundings, posts_of
from edge_agent.assembly.evaluation import alert_names, assemble_evaluation
from edge_agent.assembly.inboxes import EngineInbox, recorder_inbox
from edge_agent.assembly.live_news import LiveNews
from edge_agent.assembly.log_threads import LogThreads
from edge_agent.assembly.outputs import OutputBuses
from edge_agent.assembly.restore import last_alerts
from edge_agent.blueprint import Blueprint
from edge_agent.clock import Clock
from edge_agent.deliver.sink import About, Post
from edge_agent.errors import LogError
from edge_agent.evaluate.commands.execute import Delegate
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.engine_items import MakeSafe, ShowAgain
from edge_agent.figures import Figure
from edge_agent.live.fan_out import FanOut
from edge_agent.observe.notices import Notices
from edge_agent.paths import runtime_directories
from edge_agent.store.event_log import EventLog
from edge_agent.store.log_connection import Progress
from edge_agent.store.opening import open_log, salvage
from edge_agent.store.reader import LogReader
from edge_agent.store.spill import Spill
from edge_agent.store.wall_clock import last_time
from edge_agent.threads import Worker

_logger = logging.getLogger(__name__)

AFTER_BUSES = 2.5  # seconds that a stop has left once it waits for buses no longer
AFTER_ENGINE = 1.2  # and for the engine, which waits 3 s for the outputs of buses


class Flow:
    """Owns the threads that an event passes through; the main thread alone calls it.

    `starting` is called while opening the log takes long, `alive` takes the name of a thread that
    makes progress, `died` that of one that failed, `delegate` the commands that the engine cannot
    carry out itself, `report` the threads' figures. `news` hands on what the engine shows.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        hardware: Hardware,
        log_path: Path,
        *,
        clock: Clock,
        starting: Progress,
        alive: Callable[[str], None],
        died: Callable[[str], None],
        delegate: Delegate,
        news: LiveNews,
        report: Callable[[Figure], None],
    ) -> None:
        """Open what the blueprint names; raise HardwareError or LogError if that fails."""
        self.blueprint = blueprint
        self.hardware = hardware
        self.log_path = log_path
        self.clock = clock
        self.delegate = delegate
        self.readings = EngineInbox()
        self.records = recorder_inbox(blueprint.config.log.commit_interval)
        self._starting, self._alive, self._died = starting, alive, died
        self._news, self._report = news, report
        self._offsets: FanOut[int] = FanOut()
        self.buses = self._build_buses()
        self.notices = Notices()
        self._bus_change = self.buses.prepare(blueprint.devices)
        self._build()

    @property
    def names(self) -> list[str]:
        """Return the names of the threads between chip and disk."""
        return [*by_bus(self.blueprint.devices), "engine", "recorder"]

    def start(self) -> None:
        """Start every thread, the last of the flow first: each finds the next one running."""
        self.delivery.start(self._sink_change.fresh, self._last)
        self._recording.start()
        self.outputs.start()
        self._engine.start()
        self.buses.commit(self._bus_change)

    def stop_measuring(self, deadline: float) -> bool:
        """Make the outputs safe, then end the buses and the engine; return whether all are safe.

        The outputs wait for no bus but their own.
        """
        self.readings.put(MakeSafe())
        self.buses.stop(deadline - AFTER_BUSES)
        ended = self._engine.finish(deadline - AFTER_ENGINE)
        return self.outputs.stop() and ended

    def stop(self, deadline: float) -> bool:
        """Commit what was measured, deliver it for a moment, and release everything.

        Return whether the log has all that was measured.
        """
        recorded = self._recording.finish(deadline)
        self.delivery.stop(deadline)
        written = recorded and self._recording.close()
        self.hardware.close()
        return written

    def about(self, blueprint: Blueprint) -> About:
        """Return what the agent says of itself."""
        return self._announcement.about(blueprint)

    def show(self, post: Post) -> None:
        """Hand what is true now to everything that shows it, from any thread."""
        self._news.put(post)

    def follow(self, blueprint: Blueprint) -> None:
        """Follow a blueprint from now on; its sinks are in place already."""
        self.blueprint = blueprint
        self.readings.watch(blueprint.rules)
        self.records.put([*self._announcement.learn(blueprint)])
        self._news.follow(self.delivery.posts)
        self._offsets.listeners = self.delivery.offsets
        if blueprint.config.home_assistant.enabled:
            complete = partial(show_inactive, self._news, blueprint, self.clock.now())
            self.readings.put(ShowAgain(complete))
        self._repeat_to(self.delivery.posts)  # what was removed before is shown again

    def introduce(self, sinks: Iterable[RunningSink]) -> None:
        """Let the engine show new sinks what alerts and outputs are; it alone knows the order."""
        self._repeat_to(posts_of(sinks))

    def _repeat_to(self, posts: Iterable[Callable[[Post], None]]) -> None:
        for post in posts:
            self.readings.put(ShowAgain(partial(self._news.repeat, post)))

    def _build_buses(self) -> Buses:
        return Buses(
            self.hardware,
            emit=self.readings.put,
            save=lambda total: self.records.put([total]),
            alive=self._alive,
            died=self._died,
            clock=self.clock,
            report=self._report,
            phase=phase_of(self.blueprint.config.node),
        )

    def _build(self) -> None:
        spill = Spill(runtime_directories())
        try:
            log = open_log(self.log_path, self.clock, spill, progress=self._starting)
            self._restore_from(log, spill)
        except sqlite3.Error as error:
            remedy = "see whether the disk is failing"
            raise LogError(f"{self.log_path}: {error}", remedy) from error

    def _restore_from(self, log: EventLog, spill: Spill) -> None:
        """Build every part; salvage a log that turns out to be damaged."""
        try:
            self._restore(log, spill)
        except sqlite3.DatabaseError as error:
            damaged = log.is_damaged(error)
            log.abandon()
            if not damaged:
                raise
            _logger.error("the event log is damaged (%s): salvaging what can be read", error)  # noqa: TRY400 - SQLite says it all
            self._restore(salvage(self.log_path, self.clock, log.inode, self._starting), spill)

    def _restore(self, log: EventLog, spill: Spill) -> None:
        """Build every part, with what the log knows of it."""
        reader = LogReader(self.log_path)
        try:
            self.clock.not_before(last_time(log.execute))
            self._bus_change.resume(reader)
            self._log_id, self._last = log.id, reader.last_offset()
            self._announcement = Announcement(log.id, reader.saved_states())
            self._build_delivery()
            self._engine = self._build_engine(reader)
            self._recording = self._build_recording(log, spill)
        finally:
            reader.close()

    def _build_delivery(self) -> None:
        self.delivery = Delivery(
            Surroundings(
                self.blueprint.config.node,
                self._log_id,
                self.log_path,
                record=self.records.put,
                requested=self.readings.put,
                died=self._died,
                alive=self._alive,
                notice=self.notices.put,
                report=self._report,
                clock=self.clock,
            )
        )
        about = self.about(self.blueprint)
        self._sink_change = self.delivery.prepare(self.blueprint.sinks, about)
        self.delivery.commit(self._sink_change, 0.0)
        self.follow(self.blueprint)

    def _build_engine(self, reader: LogReader) -> Worker:
        """Restore the rules, and show their alerts again: the broker may be another one."""
        names = alert_names(self.blueprint)
        for name, alert in last_alerts(reader).items():
            if name in names:
                self.show(alert)
        self.outputs = OutputBuses(
            self.hardware, answer=self.readings.put, died=self._died, clock=self.clock
        )
        connect = self.outputs.connect
        parts = assemble_evaluation(self.blueprint, reader, self.clock, connect, self.delegate)
        engine = Engine(
            self.readings,
            parts,
            record=self.records.put,
            show=self.show,
            answer=self._news.answer,
            clock=self.clock,
            progress=partial(self._alive, "engine"),
            unsafe=self.outputs.unsafe.put,
            figures=self._report,
        )
        return Worker("engine", engine.run, partial(self.readings.put, None), self._died)

    def _build_recording(self, log: EventLog, spill: Spill) -> LogThreads:
        return LogThreads(
            log,
            spill,
            self.records,
            self.blueprint.config.log,
            announce=self._offsets.put,
            clock=self.clock,
            alive=self._alive,
            died=self._died,
            report=self._report,
        )
