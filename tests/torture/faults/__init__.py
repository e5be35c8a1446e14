"""All faults, group by group."""

from tests.torture.fault import Fault
from tests.torture.faults import broker, clock, disk, hardware, link, load, process, week

FAULTS: tuple[Fault, ...] = (
    *link.FAULTS,
    *broker.FAULTS,
    *load.FAULTS,
    *process.FAULTS,
    *disk.FAULTS,
    *clock.FAULTS,
    *hardware.FAULTS,
    *week.FAULTS,
)
