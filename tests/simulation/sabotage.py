"""Builds that are broken on purpose: the simulation must find each of them."""

from contextlib import contextmanager, nullcontext

import msgspec

from edge_agent.deliver.forwarder import Forwarder
from edge_agent.deliver.mqtt import sink as sink_module
from edge_agent.deliver.mqtt.job import MAX_PACKET, Job
from edge_agent.deliver.mqtt.sink import MqttSink
from edge_agent.events import CursorMove, LoggedEvent
from edge_agent.store import event_log
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import Recorder
from tests.simulation.machine import replaced


@contextmanager
def publish_before_commit():
    """Announce events, and let forwarders read them, while they are still to be committed."""
    early = []
    commit, append, read_kinds = Recorder.commit, EventLog.append, LogReader.read_kinds
    announce = []

    def committing(recorder, **more):
        announce[:] = [recorder._announce]
        commit(recorder, **more)

    def appending(log, events, **more):
        kept = list(events)
        last = append(log, kept, **more)
        early[:] = [logged(last - len(kept) + n + 1, one) for n, one in enumerate(kept)]
        for tell in announce:
            tell(last)
        return last

    def reading(reader, kinds, after, upto, limit):
        found = read_kinds(reader, kinds, after, upto, limit)
        last = max([after, *(one.offset for one in found)])
        found += [one for one in early if last < one.offset <= upto and one.kind in kinds]
        return found[:limit]

    pairs = ((Recorder, "commit", committing), (EventLog, "append", appending))
    with replaced([*pairs, (LogReader, "read_kinds", reading)]):
        yield


def logged(offset, event):
    data = msgspec.json.encode(event.data).decode()
    return LoggedEvent(offset, event.moment.time, None, None, event.kind, event.source, data)


def cursor_before_ack():
    """Report a batch as delivered before it is."""
    deliver = Forwarder._deliver

    def delivering(forwarder, batch, log):
        last = batch[-1].offset
        forwarder._log.commit(CursorMove(forwarder._sink.name, last, {}, forwarder._kinds))
        deliver(forwarder, batch, log)

    return replaced([(Forwarder, "_deliver", delivering)])


def synchronous_off():
    """Let SQLite leave to the kernel when a commit reaches the disk."""
    connect = event_log.connect

    def connecting(path, progress):
        connection = connect(path, progress)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    return replaced([(event_log, "connect", connecting)])


def own_limit():
    """Split batches by our own limit; what is too large for the broker counts as refused."""

    def make(messages, properties, reply, _largest, behind):
        return Job(messages, properties, reply, 0, behind)

    def reach(sink, _groups, settlement):
        sink._largest = MAX_PACKET
        return settlement.settled

    return replaced([(sink_module, "Job", make), (MqttSink, "_reach", reach)])


SABOTAGES = {
    "publish before commit": publish_before_commit,
    "cursor before ack": cursor_before_ack,
    "synchronous off": synchronous_off,
    "own limit": own_limit,
}


def sabotaged(name):
    """Break the agent in one way, for a while; an empty name breaks nothing."""
    return SABOTAGES[name]() if name else nullcontext()
