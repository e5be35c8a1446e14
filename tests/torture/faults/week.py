"""A week of hardware faults on the virtual clock: what was measured waits for a real agent."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from edge_agent.clock import Moment, SystemClock
from edge_agent.events import Event, Reading, Subscription
from edge_agent.store.event_log import EventLog
from tests.simulators.day import DAY, Day
from tests.torture.fault import Fault
from tests.torture.listeners import Arrival
from tests.torture.rig import Rig
from tests.torture.row import Row

DAYS = 7
BEGIN = 1_700_000_000_000_000  # µs
SLICE = 5000  # events in one transaction
COUNTER = "pulse", "volume"
# One device on each kind of connection: I²C, SPI, serial, 1-Wire, kernel, and a pin that counts.
DEVICES = {
    "sht4x": "",
    "max31865": "bus = 1",
    "pms5003": 'path = "/dev/serial0"',
    "ds18b20": 'id = "28-0316a4c8ffee"',
    "thermal": "",
    "pulse": 'kind = "volume"\nper_pulse = 0.1\npin = 5',
}
DEVICE = '[[device]]\nname = "{name}"\ndriver = "{name}"\nevery = "60s"\n{more}\n'


@dataclass
class Measured:
    """What the devices have measured, as an agent records it."""

    log: EventLog
    count: int = 0
    bad: int = 0
    _events: list[Event] = field(default_factory=list)

    def take(self, device: str, at: float, values: dict[str, float], quality: str) -> None:
        moment = Moment(BEGIN + round(at * 1e6), round(at * 1e6), trusted=True)
        self._events.append(Reading(device, moment, values, quality).event())
        self.count += 1
        self.bad += quality != "good"
        if len(self._events) >= SLICE:
            self.commit()

    def commit(self) -> None:
        with self.log.transaction():
            self.log.append(self._events)
        self._events.clear()


def week(rig: Rig) -> Row:
    """Let every kind of fault strike every device on each of seven days, then deliver it all."""
    rig.prepare(log='max_size = "1GB"')
    day, measured = lived(rig, rig.times(DAYS))
    begun = time.monotonic()
    rig.start()
    rig.drains(100)
    row = rig.finish("a simulated week of hardware faults", len(day.hardware.struck()), begun)
    arrived = [one for one in rig.listeners["mqtt"].arrivals() if one.body["subject"] in DEVICES]
    assert len({one.offset for one in arrived}) == measured.count
    assert not day.idle_faults(), day.idle_faults()
    assert not day.tired(), day.tired()
    wrong, fallen = sum(len(one.wrong) for one in day.devices.values()), falls(arrived)
    words = f"{measured.count} measurements, {measured.bad} of them failed"
    note = f"{words}; {wrong} wrong values, {fallen} falling counts"
    return replace(
        row,
        contradictory=row.contradictory + wrong + fallen,
        recovered=None,
        note="; ".join(filter(None, (note, row.note))),
    )


def lived(rig: Rig, days: int) -> tuple[Day, Measured]:
    """Simulate so many days; return them, and what the log has of them."""
    config = rig.directory / "week.toml"
    devices = (DEVICE.format(name=name, more=more) for name, more in DEVICES.items())
    config.write_text('node = "week"\n' + "".join(devices))
    config.with_suffix(".scenario.toml").write_text("")
    log = EventLog.open(rig.agent.log, boot=SystemClock().boot)
    with log.transaction():
        log.account.register([Subscription(*one) for one in rig.kinds.items()], 0)
    measured = Measured(log)
    day = Day(config, rig.chances.randrange(1000), days * DAY, emit=measured.take)
    measured.commit()
    log.close()
    return day, measured


def falls(arrived: Iterable[Arrival]) -> int:
    """Count how often a total is less than before."""
    totals = list(_totals(arrived))
    assert len(totals) > DAY / 60 / 2, "the meter has measured nothing"
    return sum(later < before for (_, before), (_, later) in pairwise(totals))


def _totals(arrived: Iterable[Arrival]) -> Iterator[tuple[int, float]]:
    device, channel = COUNTER
    found = {one.offset: one.body["data"]["values"] for one in arrived}
    named = {one.offset for one in arrived if one.body["subject"] == device}
    return ((n, found[n][channel]) for n in sorted(named) if channel in found[n])


FAULTS = (Fault("hardware", "week", week),)
