"""What is true now, as values that never change; and how a browser gets it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from edge_agent.clock import Moment
from edge_agent.event_text import output_state, output_text
from edge_agent.events import Alert, Reading, Switched
from edge_agent.figures import UnknownRules
from edge_agent.observe.web.now.reasons import in_words, reason_of

READINGS, ALERTS, OUTPUTS = "readings", "alerts", "outputs"
DESCRIPTION, ACCOUNT, UNKNOWN = ("description", ""), ("account", ""), ("unknown", "")

Live: TypeAlias = Reading | Alert | Switched
Key: TypeAlias = tuple[str, str]  # the part, and the name of device, rule or output


class Description(NamedTuple):
    """What the configuration says, as JSON, and of what there is something to show."""

    content: Mapping[str, Any]
    devices: frozenset[str]
    alerts: frozenset[str]
    outputs: frozenset[str]

    def names(self, key: Key) -> bool:
        """Return whether the configuration has it."""
        part, name = key
        return name in {READINGS: self.devices, ALERTS: self.alerts, OUTPUTS: self.outputs}[part]


class AccountReport(NamedTuple):
    """What became of the events, as JSON."""

    content: Mapping[str, Any]


NowItem: TypeAlias = Live | UnknownRules | Description | AccountReport
NOTHING = Description({}, frozenset(), frozenset(), frozenset())


class Snapshot(NamedTuple):
    """All of it at one moment; `unknown` are the rules that lack a value to be evaluated."""

    description: Description = NOTHING
    latest: Mapping[Key, Live] = {}
    account: AccountReport | None = None
    unknown: frozenset[str] = frozenset()


def after(before: Snapshot, items: Iterable[NowItem]) -> tuple[Snapshot, frozenset[Key]]:
    """Return the snapshot after some news, and the keys of what they changed."""
    snapshot, news = before, dict[Key, Live]()
    for item in items:
        if isinstance(item, Description):
            snapshot = snapshot._replace(description=item)
        elif isinstance(item, AccountReport):
            snapshot = snapshot._replace(account=item)
        elif isinstance(item, UnknownRules):
            snapshot = snapshot._replace(unknown=item.names)
        else:
            news[key_of(item)] = item
    latest = {**before.latest, **news}
    known = {key: one for key, one in latest.items() if snapshot.description.names(key)}
    snapshot = snapshot._replace(latest=known)
    return snapshot, _differences(before, snapshot) | (news.keys() & known.keys())


def _differences(before: Snapshot, snapshot: Snapshot) -> frozenset[Key]:
    """Return the keys of what is no live value, and is another object or has other names."""
    differs = {
        DESCRIPTION: before.description is not snapshot.description,
        ACCOUNT: before.account is not snapshot.account,
        UNKNOWN: before.unknown != snapshot.unknown,
    }
    return frozenset(key for key, changed in differs.items() if changed)


def key_of(item: Live) -> Key:
    """Return the part and the name of what is shown."""
    if isinstance(item, Reading):
        return READINGS, item.device
    return (ALERTS, item.rule) if isinstance(item, Alert) else (OUTPUTS, item.output)


def everything(snapshot: Snapshot) -> frozenset[Key]:
    """Return the keys of all that there is."""
    own = {DESCRIPTION, UNKNOWN, ACCOUNT} if snapshot.account else {DESCRIPTION, UNKNOWN}
    return frozenset(own | snapshot.latest.keys())


def as_json(snapshot: Snapshot, keys: frozenset[Key], now: Moment) -> dict[str, Any]:
    """Return parts of a snapshot as JSON; ages are in seconds, for the browser's clock may differ.

    `time` is in s since 1970, and right only if `clock_set`.
    """
    found: dict[str, Any] = {"time": now.time / 1e6, "clock_set": now.trusted}
    if UNKNOWN in keys:
        found["unknown"] = sorted(snapshot.unknown)
    if DESCRIPTION in keys:
        found["description"] = snapshot.description.content
    if ACCOUNT in keys and snapshot.account:
        found["account"] = snapshot.account.content
    for part, name in sorted(keys & snapshot.latest.keys()):
        found.setdefault(part, {})[name] = _shown(snapshot.latest[part, name], now)
    return found


def _shown(item: Live, now: Moment) -> dict[str, Any]:
    age = {"age": age_of(item.moment, now)}
    if isinstance(item, Reading):
        return age | _reading(item)
    return age | item.event().data | (_words(item) if isinstance(item, Switched) else {})


def _words(switched: Switched) -> dict[str, str]:
    state = output_state(switched.value, switched.error)
    return {"state": state, "text": output_text(switched)}


def _reading(reading: Reading) -> dict[str, Any]:
    shown: dict[str, Any] = {"values": reading.values, "quality": reading.quality}
    if reason := reason_of(reading):
        shown["reason"] = reason._asdict()
    if reading.refused:
        shown["refused"] = {name: in_words(why)._asdict() for name, why in reading.refused.items()}
    return shown


def age_of(moment: Moment, now: Moment) -> float:
    """Return how long ago a moment was, in s: by the wall clock if it was right both times."""
    by_clock = moment.trusted and now.trusted
    past = now.time - moment.time if by_clock else now.uptime - moment.uptime
    return max(past, 0) / 1e6
