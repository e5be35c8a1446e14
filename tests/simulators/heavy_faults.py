"""Heavy days: faults that overlap, are shorter than a poll, and strike within a measurement."""

import random

from simulators.fault_kinds import faults_of
from simulators.scenario import PlannedFault

OF_A_BUS = ("brown_out", "no_answer", "stuck_bus", "unplug")
DAMAGED = (0.3, 0.6)  # share of the frames
SHORT, LONG = (0.0005, 2.0), (2.0, 120.0)  # seconds
EVERY_OTHER = 0.4  # share of the measurements with a short fault near them
NEAR = 0.4  # seconds after a device is due: most measurements have ended then
PERIOD = 600.0  # seconds in which each kind has one long fault


def heavy(devices, models, seed, seconds):
    """Yield the faults of each device and of each bus, whatever others there are at the time."""
    for device in devices:
        chance = random.Random(f"{seed} {device.name}")
        kinds = sorted(faults_of(models[device.name]))
        target = {"device": device.name}
        if kinds:
            yield from _short(chance, kinds, float(device.settings.every), seconds, target)
            yield from _long(chance, kinds, seconds, target)
    for number in sorted({one.place.bus for one in devices if one.place.kind == "i2c"}):
        chance = random.Random(f"{seed} bus {number}")
        yield from _long(chance, OF_A_BUS, seconds, {"bus": number}, (0.0005, 10.0))


def _short(chance, kinds, every, seconds, target):
    for n in range(int(seconds / every)):
        if chance.random() < EVERY_OTHER:
            at = n * every + chance.uniform(0, NEAR)
            yield _fault(chance, chance.choice(kinds), at, SHORT, target)


def _long(chance, kinds, seconds, target, lasts=LONG):
    for kind in kinds:
        for _ in range(max(round(seconds / PERIOD), 1)):
            yield _fault(chance, kind, chance.uniform(0, seconds), lasts, target)


def _fault(chance, kind, at, span, target):
    arguments = {"at": at}
    if kind == "corrupt_bits":
        arguments |= {"share": chance.uniform(*DAMAGED), "seed": chance.randrange(1 << 30)}
    if kind == "dead_frame":
        arguments["ones"] = chance.random() < 0.5
    if kind == "slow_conversion":
        arguments["factor"] = chance.choice((1.5, 3.0, 1000.0))
    if kind != "brown_out":
        low, high = span
        arguments["lasts"] = low * (high / low) ** chance.random()
    return PlannedFault(kind, arguments, **target)
