"""Hardware faults under a real agent: every kind strikes every chip, and no wrong value arrives."""

import itertools
import time
from collections.abc import Iterable
from dataclasses import replace

from lab.waiting import eventually

from tests.configurations import chips
from tests.torture.fault import Fault
from tests.torture.listeners import Arrival
from tests.torture.rig import Rig
from tests.torture.row import Row

TRUTH = {"temperature": 21.5, "humidity": 43.0}
STEP = {"temperature": 175 / 65535, "humidity": 125 / 65535}  # the chip's own resolution
DEVICES = tuple(f"chip{bus}{n}" for bus in (1, 2) for n in range(3))
KINDS = ("brown_out", "corrupt_bits", "dead_frame", "no_answer", "slow_conversion", "stuck_bus")
METER = """
[[device]]
name = "meter"
driver = "pulse"
kind = "volume"
per_pulse = 0.1
pin = 5
every = "100ms"
"""
SIGNAL = '[signal."{device}.{channel}"]\nkind = "constant"\nlevel = {level}\n'
FAULT = '[[fault]]\nkind = "{kind}"\ndevice = "{device}"\nat = "{at:.2f}s"\n{more}'
FIRST = 2.0  # s after the start


def every_kind(rig: Rig) -> Row:
    """Let each kind of fault strike each chip, one after the other at a chip, then judge."""
    rig.prepare(devices=chips() + METER)
    width = max(5 * rig.scale, 0.8)
    rig.agent.config.with_suffix(".scenario.toml").write_text(scenario(rig, width))
    rig.start()
    rig.flows(20)
    rig.let_pass(FIRST + width * len(KINDS))
    ended = time.monotonic()
    eventually(lambda: all(is_good_since(rig, device, ended) for device in DEVICES))
    name, injected = "hardware faults, every kind at every chip", len(KINDS) * len(DEVICES)
    row = rig.finish(name, injected, ended)
    arrivals = rig.listeners["mqtt"].arrivals()
    struck = {one.body["data"]["quality"] for one in readings(arrivals)} - {"good"}
    assert struck, "no fault has struck a measurement"
    wrong, fallen = wrong_values(arrivals), falls(arrivals)
    words = [f"qualities: {', '.join(sorted(struck))}"]
    words += [f"{wrong} wrong values, {fallen} falling counts"] if wrong + fallen else []
    note = "; ".join([*([row.note] if row.note else []), *words])
    return replace(row, contradictory=row.contradictory + wrong + fallen, note=note)


def scenario(rig: Rig, width: float) -> str:
    """Return constant signals, and for each chip a fault of each kind, in any order."""
    signals = (
        SIGNAL.format(device=device, channel=channel, level=level)
        for device in DEVICES
        for channel, level in TRUTH.items()
    )
    faults = (fault(rig, device, n, width) for device in DEVICES for n in order(rig))
    return "\n".join((f"seed = {rig.chances.randrange(1000)}", *signals, *faults))


def order(rig: Rig) -> Iterable[tuple[int, str]]:
    kinds = list(KINDS)
    rig.chances.shuffle(kinds)
    return enumerate(kinds)


def fault(rig: Rig, device: str, place: tuple[int, str], width: float) -> str:
    n, kind = place
    at = FIRST + (n + rig.chances.uniform(0, 0.4)) * width
    more = "" if kind == "brown_out" else f'lasts = "{width / 2:.2f}s"\n'
    more += "share = 0.5\n" if kind == "corrupt_bits" else ""
    return FAULT.format(kind=kind, device=device, at=at, more=more)


def readings(arrivals: Iterable[Arrival]) -> list[Arrival]:
    return [one for one in arrivals if one.kind == "reading"]


def is_good_since(rig: Rig, device: str, since: float) -> bool:
    found = readings(rig.listeners["mqtt"].arrivals()[-500:])
    good = (one for one in found if one.at > since and one.body["data"]["quality"] == "good")
    return any(one.body["subject"] == device for one in good)


def wrong_values(arrivals: Iterable[Arrival]) -> int:
    """Count the values that are not the true ones, whatever struck their chip."""
    values = (
        (channel, value)
        for one in readings(arrivals)
        if one.body["subject"] in DEVICES
        for channel, value in one.body["data"]["values"].items()
    )
    return sum(abs(value - TRUTH[channel]) > STEP[channel] for channel, value in values)


def falls(arrivals: Iterable[Arrival]) -> int:
    """Count how often a meter's total is less than before."""
    totals = [
        one.body["data"]["values"]["volume"]
        for one in readings(arrivals)
        if one.body["subject"] == "meter" and "volume" in one.body["data"]["values"]
    ]
    assert totals, "the meter has measured nothing"
    return sum(later < before for before, later in itertools.pairwise(totals))


FAULTS = (Fault("hardware", "every-kind", every_kind),)
