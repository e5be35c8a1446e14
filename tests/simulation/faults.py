"""What happens to an agent in one seed: a plan, which is data, so that it can be cut down."""

import random
from typing import NamedTuple

from tests.simulation.greenhouse import PRESETS, Settings

SECONDS = 45.0  # for which faults are injected
LONGEST = 25.0  # s: longer than an acknowledgement is waited for


class Fault(NamedTuple):
    """Happens `steps` steps after a time, and lasts for some seconds if it can last."""

    at: float
    kind: str
    seconds: float = 0.0
    steps: int = 0
    value: float = 0.0  # from 0 to 1: how much of it

    def __str__(self):
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:6.1f} s + {self.steps:3} steps: {self.kind}{lasts} ({self.value:.3f})"


LASTING = (
    "disk full",
    "disk error",
    "partition",
    "broker down",
    "second broker down",
    "slow network",
    "packet limit",
    "not authorized",
    "quota",
    "repeated acks",
    "stalled thread",
)
SUDDEN = ("kill", "power cut", "stop", "cut", "clock jump", "burst", "damage", "reload")
WEIGHTS = {"kill": 4, "power cut": 4, "cut": 3, "damage": 0.4, "burst": 0.5}


class Plan(NamedTuple):
    """A seed's agent, and its faults in the order of time."""

    settings: Settings
    faults: tuple[Fault, ...]
    trusted: bool  # the wall clock, at the first start


def plan_of(seed):
    """Return what a seed stands for; the same in every process."""
    chosen = random.Random(f"{seed} plan")
    settings = chosen.choice(PRESETS)
    kinds = (*LASTING, *SUDDEN)
    weights = [WEIGHTS.get(kind, 1) for kind in kinds]
    names = chosen.choices(kinds, weights, k=chosen.randint(2, 8))
    faults = sorted(_fault(chosen, kind) for kind in names)
    return Plan(settings, tuple(faults), chosen.random() < 0.8)


def _fault(chosen, kind):
    seconds = chosen.uniform(0.5, LONGEST) if kind in LASTING else 0.0
    steps = chosen.randint(0, 60)
    return Fault(chosen.uniform(1.0, SECONDS), kind, seconds, steps, chosen.random())
