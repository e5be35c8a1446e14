"""Random configurations and what happens to them: the same seed, the same timeline."""

import re
from dataclasses import replace
from random import Random
from typing import NamedTuple

from tests.evaluate.reference import conditions as c
from tests.evaluate.reference.history import UNITS
from tests.evaluate.reference.model import Configuration
from tests.evaluate.reference.outputs import Output
from tests.evaluate.reference.rules import Rule

NUMERIC = ("air.temperature", "air.humidity", "water.temperature")
LEVELS = (10, 20, 30)
VALUES = (5, 10, 15, 20, 25, 30, 35, 35)
REFUSED = 999  # outside of every sensor's range
LIMITS = {"warm": (20, 10, 30)}
SEVERITIES = ("info", "warning", "warning", "critical")


class Event(NamedTuple):
    """What happens at a second."""

    second: int
    what: str
    details: dict


class Timeline(NamedTuple):
    """A configuration, what happens, and for how long."""

    configuration: Configuration
    events: tuple[Event, ...]
    seconds: int


def timeline(seed, attempt=0):
    """Return the timeline of a seed; `check` may refuse it, but not many attempts."""
    random = Random(f"{seed}/{attempt}")
    every = {name: random.choice((1, 2, 5)) for name in ("air", "water", "door")}
    outputs = tuple(some_outputs(random))
    names = [one.name for one in outputs]
    rules = tuple(rule(random, f"r{n}", names) for n in range(random.randint(1, 4)))
    configuration = Configuration(every, outputs, rules)
    events = tuple(happening(random, configuration))
    return Timeline(configuration, events, events[-1].second + random.choice((1, 15, 60)))


def some_outputs(random):
    """Yield one to three outputs."""
    names = ("fan", "heater", "lamp")[: random.randint(1, 3)]
    for n, name in enumerate(names):
        interlock = tuple(names[:n]) if random.random() < 0.4 else ()
        guard = {key: random.choice((0, 0, 3, 8)) for key in ("min_on", "min_off")}
        guard["safe"] = int(random.random() < 0.15)
        guard["max_on"] = 0 if guard["safe"] else random.choice((0, 0, 6, 12))
        guard["at_start"] = random.choice((None, None, None, 0, 1))
        yield Output(name, interlock=interlock, **guard)


def rule(random, name, outputs):
    """Return a rule."""
    when, thresholds = condition(random, 2), {}
    if random.random() < 0.3:
        when = c.Comparison(c.Value(random.choice(NUMERIC)), ">", c.Limit("warm"))
        thresholds = LIMITS
    settings = random.sample(outputs, random.randint(0, min(2, len(outputs))))
    return Rule(
        name,
        when,
        condition(random, 1) if random.random() < 0.4 else None,
        hold=random.choice((0, 0, 1, 4, 9)),
        keep=random.choice((0, 0, 1, 4, 9)),
        severity=random.choice(SEVERITIES),
        repeat=random.choice((0, 0, 60)),
        storm=random.choice((1, 2, 10)),
        settings={name: int(random.random() < 0.75) for name in settings},
        thresholds=thresholds,
    )


def condition(random, depth):
    """Return a condition."""
    if depth and random.random() < 0.4:
        kind = random.choice((c.Both, c.Either, c.Not))
        return kind(*(condition(random, depth - 1) for _ in kind._fields))
    return random.choice(ATOMS)(random)


def level(random):
    channel, sign = random.choice(NUMERIC), random.choice(list(c.COMPARE))
    return c.Comparison(c.Value(channel), sign, c.Number(random.choice(LEVELS)))


def contact(_random):
    return c.Value("door.active")


def over_time(random):
    """Return a comparison of a window with a number that decides something."""
    name = random.choice(("mean", "min", "max", "count", "rises", "delta", "rate"))
    channel = "door.active" if name == "rises" else random.choice(NUMERIC)
    unit = random.choice(list(UNITS)) if name == "rate" else "second"
    number = {"count": 3, "rises": 1, "delta": 5, "rate": UNITS[unit]}
    limit = c.Number(number.get(name, random.choice(LEVELS)))
    window = c.Window(name, channel, random.choice((10, 30)), unit)
    return c.Comparison(window, random.choice((">", "<")), limit)


def gone(random):
    channel = random.choice(NUMERIC)
    old = c.Comparison(c.Age(channel), random.choice((">", "<")), c.Seconds(random.choice((3, 20))))
    return random.choice((old, c.Stale(channel)))


def time_of_day(random):
    return random.choice((c.Between(22 * 60, 6 * 60), c.Between(21 * 60, 22 * 60)))


def time_of_week(random):
    return random.choice((c.Weekdays(5, 0), c.Weekdays(0, 4)))


ATOMS = (level, level, level, level, contact, over_time, gone, time_of_day, time_of_week)


def happening(random, configuration):
    """Yield readings of all devices, each at its pace, with what else happens between them."""
    second, long = 0, random.random() < 0.1
    unsure = random.choice(UNSURE)
    for _ in range(random.randint(5, 60)):
        pause = random.choice((1, 1, 1, 2, 2, 5, 17, 40))
        second += 700 if long and random.random() < 0.02 else pause
        if random.random() < 0.75:
            yield Event(second, "reading", reading(random))
        elif one := something(random, configuration, unsure):
            if one[0] == "reload":
                configuration = configuration._replace(rules=one[1]["rules"])
            yield Event(second, *one)
    yield Event(second + 1, "reading", reading(random))


def reading(random):
    """Return a device and its values; None is what was refused."""
    device = random.choice(("air", "air", "air", "water", "door"))
    if device == "door":
        return {"device": device, "values": {"active": maybe(random, random.randint(0, 1))}}
    names = ("temperature", "humidity") if device == "air" else ("temperature",)
    values = {name: maybe(random, random.choice(VALUES)) for name in names}
    return {"device": device, "values": values}


def maybe(random, value):
    return None if random.random() < 0.12 else value


def something(random, configuration, unsure):
    """Return what else may happen, and its details; None if it needs what there is not."""
    one = random.choice(configuration.rules)
    output = random.choice(configuration.outputs)
    limits = {"rule": one.name, "name": "warm", "value": random.choice((5, 15, 25, 35))}
    rules = changed(random, configuration)
    lasts = not measures_age(configuration.rules)
    found = {
        "set": {
            "output": output.name,
            "value": random.choice((0, 1, 1, "auto")),
            "seconds": random.choice((5, 20, 3600)),
            "wait": random.random() < 0.5,
        },
        "acknowledge": {"rule": one.name},
        "silence": {"rule": one.name, "seconds": random.choice((5, 30))},
        "enable": {"rule": one.name},
        "disable": {"rule": one.name},
        "threshold": limits if one.thresholds else None,
        "clock": {
            "seconds": random.choice((-90000, -60, 60, 30000)),
            "trusted": random.random() < 0.7,
        },
        "restart": {} if lasts else None,
        "stop": {} if lasts else None,
        "reload": {"rules": rules} if reloadable(configuration.rules, rules, unsure) else None,
    }
    what = random.choice((*FEATURES, *unsure))
    return None if found[what] is None else (what, found[what])


COMMANDS = ("set", "acknowledge", "silence", "enable", "disable", "threshold")
FEATURES = (*COMMANDS, "set", "enable", "threshold", "reload", "reload")
# A restart after a step of the clock does not know when values were measured.
UNSURE = (("clock",), ("restart", "restart", "stop"))


def reloadable(old, new, unsure):
    """Return whether the model knows all of a reload: a window that it adds begins empty."""
    counts_from_start = "stop" in unsure and measures_age(new)
    return not counts_from_start and windows(new) <= windows(old)


def windows(rules):
    """Return the windows of rules, as text: a channel and seconds."""
    return set(re.findall(r"\(([\w.]+, \d+s)", text_of(rules)))


def measures_age(rules):
    """Return whether rules use `age` or `stale`, which count from the last start."""
    return "age(" in text_of(rules) or "stale(" in text_of(rules)


def text_of(rules):
    """Return the conditions of rules."""
    return "".join(f"{one.when} {one.clear}" for one in rules)


def changed(random, configuration):
    """Return the rules of a new configuration."""
    names = [one.name for one in configuration.outputs]
    rules = list(configuration.rules)
    n = random.randrange(len(rules))
    match random.choice(("removed", "added", "message", "keep", "other", "limits")):
        case "removed" if len(rules) > 1:
            del rules[n]
        case "added":
            rules.append(rule(random, f"r{len(rules) + 5}", names))
        case "keep":
            rules[n] = replace(rules[n], keep=random.choice((0, 2)), severity="warning")
        case "other":
            rules[n] = rule(random, rules[n].name, names)
        case "limits" if rules[n].thresholds:
            rules[n] = replace(rules[n], thresholds={"warm": (20, 18, 22)})
    return tuple(rules)
