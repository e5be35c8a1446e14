"""The named boundaries at which the agent is killed, by what it is doing."""

from tests.torture.crash import Boundary

LOG = "edge_agent.store.event_log"
RECORDER = "edge_agent.store.recorder"
MARK = "edge_agent.store.mark"
RETENTION = "edge_agent.store.retention"
SALVAGE = "edge_agent.store.salvage"
REPLACEMENT = "edge_agent.store.replacement"
OPENING = "edge_agent.store.opening"
MIGRATIONS = "edge_agent.store.migrations"
SPILL = "edge_agent.store.spill"
FORWARDER = "edge_agent.deliver.forwarder"
PUBLISHER = "edge_agent.deliver.mqtt.publisher"
FILE = "edge_agent.deliver.file"
RELOAD = "edge_agent.assembly.reload"
FLOW = "edge_agent.assembly.flow"
AGENT = "edge_agent.agent"


def around(module: str, function: str, statement: str) -> tuple[Boundary, Boundary]:
    """Return the boundaries before and after a statement."""
    before = Boundary(module, function, statement, "before")
    return before, before._replace(side="after")


BOUNDARIES: dict[str, tuple[Boundary, ...]] = {
    "append": around(LOG, "EventLog.insert", "insert_rows("),
    "commit": (
        *around(LOG, "EventLog._commit", "'COMMIT'"),
        *around(LOG, "EventLog.transaction", "self.mark.gave("),
        *around(RECORDER, "Recorder.commit", "self._announce(offset)"),
    ),
    "publish": (
        *around(FORWARDER, "Forwarder._deliver", "self._sink.deliver(batch)"),
        *around(PUBLISHER, "Publisher._publish", "session.publish_all("),
    ),
    "acknowledgement": (
        *around(PUBLISHER, "Publisher.take_acks", "self._jobs[0].settle(settled)"),
        *around(PUBLISHER, "Publisher._report", "self._jobs.popleft().finish()"),
    ),
    "cursor move": (
        *around(FORWARDER, "Forwarder._move", "self._log.commit("),
        *around(RECORDER, "Recorder._write", "self._log.account.move(move)"),
    ),
    "file sink": (
        *around(FILE, "FileSink._append", "self._file.write("),
        *around(FILE, "FileSink._append", "os.fsync("),
    ),
    "mark": (
        *around(LOG, "EventLog.insert", "self.mark.reserve("),
        *around(MARK, "MarkFile._put", "os.pwrite("),
        *around(MARK, "MarkFile.write", "os.fdatasync("),
    ),
    "trim": (
        *around(RETENTION, "Retention._delete_up_to", "log.account.drop_history(offset)"),
        *around(RETENTION, "Retention._delete_up_to", "delete_up_to(log.execute"),
        *around(RETENTION, "Retention.trim", "log.cut_wal("),
    ),
    "sacrifice": (
        *around(RETENTION, "_drop", "log.account.drop("),
        *around(RETENTION, "_drop", "delete(log.execute"),
        *around(RETENTION, "_sacrifice", "log.append("),
    ),
    "salvage": (
        *around(SALVAGE, "rescue", "discard(path)"),
        *around(SALVAGE, "rescue", "migrate("),
        *around(SALVAGE, "account", "copy_facts(log, remains)"),
        *around(SALVAGE, "account", "log.append("),
        *around(SALVAGE, "rescue", "journal_mode = DELETE"),
        *around(REPLACEMENT, "complete", "unfinished(path).rename("),
        *around(REPLACEMENT, "complete", "sync_directory(path.parent)"),
        *around(REPLACEMENT, "_set_aside", "companion.rename("),
        *around(REPLACEMENT, "finish", "_completed(path).rename(path)"),
        *around(OPENING, "_replaced", "finish(path)"),
    ),
    "migration": (
        *around(MIGRATIONS, "_upgrade", "step(db)"),
        *around(MIGRATIONS, "m003_accounts", "INSERT INTO account"),
        *around(MIGRATIONS, "m003_accounts", "db.table('cursor').drop()"),
        *around(MIGRATIONS, "migrate", "connection.execute('COMMIT')"),
    ),
    "spill": (
        *around(SPILL, "_write", "file.write(_encoder"),
        *around(SPILL, "_write", "os.fsync("),
        *around(SPILL, "spill", "log.mark.note("),
    ),
    "taking in": (
        *around(SPILL, "take_in", "_append(log, fresh"),
        *around(SPILL, "take_in", "log.save_state(TAKEN"),
        *around(SPILL, "take_in", "log.mark.note(left={}"),
        *around(SPILL, "take_in", "file.path.unlink()"),
    ),
    "reload": (
        *around(RELOAD, "reload", "prepare(flow, new)"),
        *around(RELOAD, "reload", "flow.buses.retire("),
        *around(RELOAD, "reload", "renew_engine(flow, prepared"),
        *around(RELOAD, "commit", "flow.buses.commit("),
        *around(RELOAD, "commit", "flow.delivery.commit("),
        *around(RELOAD, "commit", "flow.follow("),
        *around(RELOAD, "commit", "flow.delivery.start("),
    ),
    "start": (
        *around(OPENING, "_open", "log.note_end()"),  # after a clean stop
        *around(FLOW, "Flow._build", "open_log("),
        *around(FLOW, "Flow._restore", "self._build_delivery()"),
        *around(FLOW, "Flow._restore", "self._build_engine(reader)"),
        *around(FLOW, "Flow.start", "self.delivery.start("),
        *around(FLOW, "Flow.start", "self._recording.start()"),
        *around(FLOW, "Flow.start", "self._engine.start()"),
        *around(FLOW, "Flow.start", "self.buses.commit("),
        *around(AGENT, "Agent.start", "self._note('started')"),
    ),
    "stop": (
        *around(FLOW, "Flow.stop_measuring", "self._engine.finish("),
        *around(AGENT, "Agent.stop", "self._note('stopping')"),
        *around(FLOW, "Flow.stop", "self._recording.finish("),
        *around(FLOW, "Flow.stop", "self.delivery.stop("),
        *around(LOG, "EventLog.close", "self.disconnect()"),
        *around(LOG, "EventLog.close", "self.note_end()"),
    ),
}
