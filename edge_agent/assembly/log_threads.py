"""What writes the event log and what checks it, as threads."""

from collections.abc import Callable
from functools import partial

from edge_agent.assembly.checking import Checking
from edge_agent.clock import Clock
from edge_agent.config.log import LogSettings
from edge_agent.figures import Figure
from edge_agent.inbox import GatheringInbox
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import salvage
from edge_agent.store.recorder import Recorder
from edge_agent.store.recorder_items import RecorderItem
from edge_agent.store.retention import Retention
from edge_agent.store.spill import Spill
from edge_agent.store.unclean_stop import WaitingFile, unclean_stop
from edge_agent.threads import Worker


class LogThreads:
    """Records what `records` gets into `log`; `announce` gets the last offset of each commit."""

    def __init__(
        self,
        log: EventLog,
        spill: Spill,
        records: GatheringInbox[RecorderItem],
        settings: LogSettings,
        *,
        announce: Callable[[int], None],
        clock: Clock,
        alive: Callable[[str], None],
        died: Callable[[str], None],
        report: Callable[[Figure], None],
    ) -> None:
        self._waiting = _count_waiting(log, spill, records, clock)
        self._checking = Checking(log, log.path, records.put, died)
        self._recorder = Recorder(
            log,
            records,
            announce=announce,
            reopen=partial(salvage, log.path, clock, progress=partial(alive, "recorder")),
            clock=clock,
            commit_interval=settings.commit_interval,
            retention=Retention(settings.keep, settings.max_size),
            spill_to=spill,
            progress=partial(alive, "recorder"),
            crowded=self._checking.make_way,
            report=report,
            waiting=self._waiting.note,
        )
        self._thread = Worker("recorder", self._recorder.run, partial(records.put, None), died)

    def start(self) -> None:
        """Let the threads run."""
        self._thread.start()
        self._checking.start()

    def finish(self, deadline: float) -> bool:
        """Commit what was measured; return whether that was done by the deadline."""
        self._checking.stop()
        return self._thread.finish(deadline)

    def close(self) -> bool:
        """Commit the cursor moves that came last, and give the log back.

        Return whether the log has everything.
        """
        written = self._recorder.close()
        self._waiting.remove()
        return written


def _count_waiting(
    log: EventLog, spill: Spill, records: "GatheringInbox[RecorderItem]", clock: Clock
) -> WaitingFile:
    """Open the file that counts what waits; record first what it says of an unclean stop."""
    file = WaitingFile(spill.directories, log)
    records.put([*unclean_stop(log, file, clock.now())])
    return file
