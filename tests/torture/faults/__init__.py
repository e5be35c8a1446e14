"""All faults, group by group."""

from tests.torture.fault import Fault
from tests.torture.faults import disk, process

FAULTS: tuple[Fault, ...] = (*process.FAULTS, *disk.FAULTS)
