"""The history of the agent: its own event log, and what the configuration says of its channels."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from drivers.base.channel import Channel
from edge_agent.assembly.log_columns import fill_columns, logged_windows, reading_parts
from edge_agent.assembly.log_marks import logged_marks
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.errors import AgentError
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.observe.web.history.columns import SECOND, Columns, Points, step_for, whole
from edge_agent.observe.web.history.source import (
    UNKNOWN_AGE,
    HistoryMarks,
    ShownChannel,
)
from edge_agent.observe.web.route import BadRequest
from edge_agent.samples import Samples, TimeSpan
from edge_agent.store.channel_reader import ChannelReader, LoggedChannel

MOST_GONE = 100  # devices that only the log knows

CurrentBlueprint: TypeAlias = Callable[[], Blueprint]


class LogHistory:
    """Opens the log for each question, and holds nothing meanwhile."""

    def __init__(self, path: Path, blueprint: CurrentBlueprint) -> None:
        self._path = path
        self._blueprint = blueprint

    def channels(self) -> Sequence[ShownChannel]:
        """Return the configured channels, then those of devices that only the log knows."""
        devices = self._blueprint().devices
        configured = [shown(device, one) for device in devices for one in device.channels]
        known = {device.name for device in devices}
        with self._reader() as reader:
            gone = [name for name in reader.sources() if name not in known][:MOST_GONE]
            found = {name: reader.latest_values(name) for name in gone}
        return [*configured, *(ShownChannel(f"{d}.{c}") for d in gone for c in found[d])]

    def points(self, channel: str, span: TimeSpan, width: int) -> Points:
        """Return the lowest and highest values of about `width` columns."""
        step = step_for(span, width)
        columns = Columns(whole(span, step), step, round(self._max_age(channel) * SECOND))
        with self._reader() as reader:
            fill_columns(columns, reader, _logged(channel))
        return columns.points()

    def samples(self, channel: str, span: TimeSpan) -> Iterator[Samples]:
        """Yield the summaries of thinned readings, then the readings."""
        logged = _logged(channel)
        with self._reader() as reader:
            index, log = reader.index(), reader.id
            found = list(logged_windows(reader, index, logged, span))
            parts = reading_parts(index, logged, [span])
        yield from (samples for samples, thinned in found if thinned)
        for part in parts:
            with self._reader(log) as reader:
                samples = reader.readings(logged, span, part)
            yield samples

    def marks(self, span: TimeSpan) -> HistoryMarks:
        """Return alerts and changes of outputs."""
        with self._reader() as reader:
            return logged_marks(reader, span)

    def _max_age(self, channel: str) -> float:
        """Return for how many seconds the last logged value of a channel is current."""
        device = _logged(channel).device
        plans = (one.plan for one in self._blueprint().devices if one.name == device)
        return next(map(_logged_age, plans), UNKNOWN_AGE)

    @contextmanager
    def _reader(self, log: str = "") -> Iterator[ChannelReader]:
        try:
            reader = ChannelReader(self._path, log)
            try:
                yield reader
            finally:
                reader.close()
        except sqlite3.Error as error:
            raise AgentError(f"the event log cannot be read: {error}", "try again") from error


def shown(device: ResolvedDevice, channel: Channel) -> ShownChannel:
    """Return what is shown of a configured channel."""
    plan = device.plan
    limits = plan.channels[channel.name].limits
    return ShownChannel(
        f"{device.name}.{channel.name}",
        channel.unit,
        channel.quantity,
        plan.channels[channel.name].decimals,
        _logged_age(plan),
        *(limit if isfinite(limit) else None for limit in (limits.low, limits.high)),
    )


def _logged_age(plan: DevicePlan) -> float:
    """Return for how many seconds a logged value is current: a dead band leaves out others."""
    return plan.max_age + (plan.dead_band.heartbeat if plan.dead_band.bands else 0.0)


def _logged(channel: str) -> LoggedChannel:
    device, dot, name = channel.partition(".")
    if not dot:
        raise BadRequest(f"{channel[:80]!r} is no channel; write it as device.channel")
    return LoggedChannel(device, name)
