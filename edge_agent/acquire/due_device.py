"""What a bus needs to know of a device: its driver, and when to measure."""

from dataclasses import dataclass

from drivers.base.driver import Driver
from drivers.base.members import Patient
from edge_agent.acquire.compensation import CompensationSource

DEADLINE = 5.0  # seconds for setup and measurement, if the driver does not ask for more


@dataclass(frozen=True, slots=True)
class DueDevice:
    """A sensor: measured `every` so many s within `deadline`, `phase` µs after a whole interval.

    `sources` are the channels of others that its driver computes with.
    """

    name: str
    driver: Driver
    every: float
    deadline: float = DEADLINE
    phase: int = 0
    sources: tuple[CompensationSource, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        driver: Driver,
        every: float,
        phase: int = 0,
        sources: tuple[CompensationSource, ...] = (),
    ) -> "DueDevice":
        """Return the device with the deadline that its driver asks for."""
        deadline = driver.deadline if isinstance(driver, Patient) else DEADLINE
        return cls(name, driver, every, deadline, phase, sources)
