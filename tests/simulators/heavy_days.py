"""`make heavy-days`: every driver under faults that overlap; the table goes to docs/proof.md."""

import argparse
import operator
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.proof import record, table
from tests.simulators.day import Day
from tests.simulators.heavy_faults import heavy

CONFIG = Path(__file__).parent.parent.parent / "examples/everything.toml"
PARTS = 6  # devices of a part share their buses, and wait for each other
STRETCHES = 5  # of a seed, each with new faults: a long list of them is slow to look through
SECONDS = 900.0
# Whose protocol cannot show it, as its page says: what then passes for a value
BLIND = {
    "am2320": "a measurement that takes too long",
    "bh1750": "a supply that dips, and bits of a frame without a checksum",
    "hdc1080": "bits of a frame without a checksum",
    "i2c_registers": "a conversion that takes too long",
    "lm75": "a conversion that takes too long",
    "max17048": "a sample that is too old",
    "max31855": "a conversion that takes too long",
    "max44009": "a conversion that takes too long",
    "max6675": "a conversion that takes too long",
    "mcp9808": "a conversion that takes too long",
    "mlx90614": "a conversion that takes too long",
    "mhz19": "a start of the sensor alone between two measurements",
    "modbus": "an answer that comes too late",
    "pcf8574": "bits of a frame without a checksum",
    "sgp40": "a start between two measurements, with a cold hotplate",
    "sgp41": "a start between two measurements, with a cold hotplate",
    "tsl2561": "a conversion that takes too long",
}


class Tally(NamedTuple):
    """What became of the measurements of a driver."""

    measured: int = 0
    good: int = 0
    wrong: int = 0

    @classmethod
    def of(cls, device):
        """Return what became of a device's measurements."""
        ended = sum(count for what, count in device.outcomes.items() if ":" not in what)
        return cls(ended, device.outcomes["good"], device.wrong_readings())

    def sum(self, other):
        """Return the sum of both."""
        return Tally(*map(operator.add, self, other))


class Found(NamedTuple):
    """The tallies by driver, and the faults: all, those that struck, and what overlapped."""

    tallies: dict
    faults: Counter

    def add(self, other):
        """Count what another process found, too."""
        for driver, one in other.tallies.items():
            self.tallies[driver] = self.tallies.get(driver, Tally()).sum(one)
        self.faults.update(other.faults)

    def wrong(self):
        """Return how many readings were wrong, by driver."""
        return {driver: one.wrong for driver, one in self.tallies.items() if one.wrong}


def spend(seeds, seconds, parts=range(PARTS)):
    """Return what was found in the heavy days of these seeds, each of so many seconds."""
    found = Found({}, Counter())
    for seed in seeds:
        for part in parts:
            day = Day(CONFIG, seed, seconds, slice(part, None, PARTS), plan=heavy)
            for device in day.devices.values():
                found.add(Found({device.driver: Tally.of(device)}, Counter()))
            found.faults.update(_faults(day.hardware.struck()))
    return found


def spend_at_once(seeds, seconds, jobs):
    """Return the same of several processes."""
    found = Found({}, Counter())
    with ProcessPoolExecutor(jobs) as pool:
        for one in pool.map(spend, [[seed] for seed in seeds], [seconds] * len(seeds)):
            found.add(one)
    return found


def _faults(struck):
    """Count faults, and those that struck; two of a place overlap if one begins within another."""
    yield from ("planned" for _ in struck)
    yield from ("struck" for _, count in struck if count)
    ends = {}
    for fault, _ in sorted(struck, key=lambda each: each[0].arguments["at"]):
        place = fault.device or fault.bus
        begin = fault.arguments["at"]
        if begin < ends.get(place, 0.0):
            yield "overlapping"
        ends[place] = max(ends.get(place, 0.0), begin + fault.arguments.get("lasts", 0.0))


def report(found):
    """Return the report's text."""
    rows = [
        (driver, f"{one.measured:,}", f"{one.good:,}", str(one.wrong), _why(driver, one))
        for driver, one in sorted(found.tallies.items())
    ]
    measured = sum(one.measured for one in found.tallies.values())
    faults = found.faults
    said = (
        f"{measured:,} measurements, {faults['planned']:,} faults, of which"
        f" {faults['struck']:,} struck and {faults['overlapping']:,} began within another one."
    )
    head = ("driver", "measurements", "with a value", "wrong", "what it cannot notice")
    return f"{said}\n\n{table(head, rows)}"


def _why(driver, tally):
    return BLIND.get(driver, "") if tally.wrong else ""


def stretches(seeds):
    """Return the seed of each stretch of so many seeds."""
    return [100 * seed + n for seed in range(1, seeds + 1) for n in range(STRETCHES)]


def main():
    """Spend the days, record the report, and fail for a wrong value of a driver that can see."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    given = parser.parse_args()
    found = spend_at_once(stretches(given.seeds), SECONDS, given.jobs)
    record("heavy-days", report(found))
    unexplained = found.wrong().keys() - BLIND.keys()
    if unexplained:
        sys.exit(f"wrong values of {', '.join(sorted(unexplained))}")


if __name__ == "__main__":
    main()
