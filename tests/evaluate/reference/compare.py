"""Runs timelines through the model and the engine, and shortens one that shows a difference."""

from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from edge_agent.errors import ConfigError
from tests.evaluate.reference.engine import Life, rule_table, toml
from tests.evaluate.reference.model import Model
from tests.evaluate.reference.timelines import timeline

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


class Difference(NamedTuple):
    """The first thing that model and engine say differently."""

    what: str
    model: tuple | None
    engine: tuple | None


def play(one, timeline):
    """Let a model or an engine live through a timeline."""
    for event in timeline.events:
        one.until(event.second)
        one.take(event)
    one.until(timeline.seconds)


def difference(timeline):
    """Return the first difference, or None; raise ConfigError for a refused configuration."""
    with TemporaryDirectory(dir=MEMORY) as directory:
        life = Life(timeline.configuration, Path(directory))
        try:
            play(life, timeline)
        finally:
            life.close()
    model = Model(timeline.configuration)
    play(model, timeline)
    return min(differences(model, life), key=earliest, default=None)


def differences(model, life):
    """Yield the first difference of each rule and output."""
    names = {one.rule for one in [*model.alerts, *life.alerts]}
    for name in sorted(names):
        said = [[a for a in one.alerts if a.rule == name] for one in (model, life)]
        yield from first(f"rule {name}", *said)
    for name in life.relays:
        said = [changes([s for s in one.stands if s.output == name]) for one in (model, life)]
        yield from first(f"output {name}", *said)


def changes(stands):
    """Return where an output's value changes, or who sets it; the last of a second counts."""
    last = {one.second: one for one in stands}
    kept = []
    for one in last.values():
        if not kept or kept[-1][2:] != one[2:]:
            kept.append(one)
    return kept


def first(what, model, engine):
    """Yield the first difference between two lists, if there is one."""
    for n in range(max(len(model), len(engine))):
        pair = [one[n] if n < len(one) else None for one in (model, engine)]
        if pair[0] != pair[1]:
            yield Difference(what, *pair)
            return


def earliest(difference):
    """Return the second of a difference."""
    return min(one.second for one in difference[1:] if one)


def shortened(timeline):
    """Return a timeline with as few events and rules as still differ."""
    smaller = True
    while smaller:
        smaller = next((one for one in shorter(timeline) if differs(one)), None)
        timeline = smaller or timeline
    return timeline


def shorter(timeline):
    """Yield timelines of which a part is left out, the largest parts first."""
    events, configuration = timeline.events, timeline.configuration
    end = earliest(difference(timeline)) + 1
    if end < timeline.seconds:
        kept = tuple(one for one in events if one.second <= end)
        yield timeline._replace(events=kept, seconds=end)
    for size in (16, 8, 4, 2, 1):
        for n in range(0, len(events), size):
            yield timeline._replace(events=without(events, n, size))
    for field in ("rules", "outputs"):
        for n in range(len(getattr(configuration, field))):
            fewer = without(getattr(configuration, field), n)
            yield timeline._replace(configuration=configuration._replace(**{field: fewer}))
    for n, event in enumerate(events):
        for less in fewer_rules(event):
            yield timeline._replace(events=(*events[:n], less, *events[n + 1 :]))


def fewer_rules(event):
    """Yield a reload's event with one rule less."""
    rules = event.details.get("rules", ())
    for n in range(len(rules)):
        yield event._replace(details={"rules": without(rules, n)})


def without(items, n, size=1):
    """Return the items but `size` of them, from `n` on."""
    return items[:n] + items[n + size :]


def differs(timeline):
    """Return whether there is a difference; a timeline that makes no sense has none."""
    try:
        return difference(timeline) is not None
    except (ConfigError, StopIteration, AssertionError):
        return False


def played(seed):
    """Return the first timeline of a seed that `check` accepts, and its difference."""
    for attempt in count():
        one = timeline(seed, attempt)
        with suppress(ConfigError):
            return one, difference(one)
    raise AssertionError


def shown(event):
    """Return an event's details as text."""
    if event.what == "reload":
        return "\n" + "\n".join(map(rule_table, event.details["rules"]))
    return event.details


def report(seed):
    """Return what differs in a seed's timeline, for people; None if nothing does."""
    found_in, found = played(seed)
    if found is None:
        return None
    short = shortened(found_in)
    found = difference(short)
    events = "\n".join(f"  {one.second:>4} s  {one.what} {shown(one)}" for one in short.events)
    return (
        f"seed {seed}: {found.what}\n  model:  {found.model}\n  engine: {found.engine}\n"
        f"{events}\n  until {short.seconds} s\n{toml(short.configuration)}"
    )
