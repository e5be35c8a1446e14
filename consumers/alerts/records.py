"""The alerts of a fleet: the state of each rule for each node, and what people know of it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from consumers.alerts.silence import AlertSilence, is_silenced
from consumers.alerts.transition import SHOWN, AlertRecord, Transition
from edge_agent.evaluate.rules.rule_state import RuleState

AlertKey: TypeAlias = tuple[str, str]  # a rule, and the node that it is about or ""


class ReportedTransition(NamedTuple):
    """A transition, and whether people are to be notified of it."""

    transition: Transition
    notify: bool


class AlertRecords:
    """Owns the records; `changed` and `reported` are what has yet to be saved."""

    def __init__(self, records: Mapping[AlertKey, AlertRecord]) -> None:
        self._records = dict(records)
        self.silences: Sequence[AlertSilence] = ()
        self.changed: set[AlertKey] = set()
        self.reported: list[ReportedTransition] = []

    def get(self, key: AlertKey) -> AlertRecord | None:
        """Return a record; None if there is nothing to remember."""
        return self._records.get(key)

    def every_key(self) -> list[AlertKey]:
        """Return what there are records of; it stays the same while records change."""
        return list(self._records)

    def active(self) -> list[AlertKey]:
        """Return what time alone may change: it is pending, firing or flapping."""
        states = ((key, one.state) for key, one in self._records.items())
        return [key for key, state in states if state.open or state.state == "pending"]

    def firing(self) -> list[Transition]:
        """Return the latest transition of each alert that people know to fire."""
        known = (one.last for one in self._records.values() if one.notified)
        return [last for last in known if last is not None]

    def store(self, key: AlertKey, state: RuleState, transition: Transition | None) -> None:
        """Take a new state, and the transition that it brings, if any.

        People are not notified while a silence covers it; that an alert is resolved, they are
        notified of if they know that it fires.
        """
        before = self._records.get(key, AlertRecord(RuleState()))
        if transition is None:
            return self._put(key, msgspec.structs.replace(before, state=state))
        silenced = is_silenced(self.silences, *key, transition.at)
        transition = msgspec.structs.replace(transition, silenced=silenced)
        resolved = transition.state not in {"firing", "flapping"}
        notify = before.notified if resolved else not silenced
        notified = not resolved and (before.notified or notify)
        self._put(key, AlertRecord(state, transition, notified))
        self.reported.append(ReportedTransition(transition, notify and transition.state in SHOWN))
        return None

    def report_unsilenced(self, at: int) -> None:
        """Report what fires, is not acknowledged, and was silenced until now."""
        for key, record in list(self._records.items()):
            state, last = record.state, record.last
            if record.notified or not state.open or state.acknowledged or last is None:
                continue
            if not is_silenced(self.silences, *key, at):
                repeats = state.repeats + 1
                after = msgspec.structs.replace(state, repeats=repeats, reported_at=at)
                again = {"at": at, "repeat": repeats, "state": _open_state(state)}
                self.store(key, after, msgspec.structs.replace(last, **again))

    def acknowledge(self, key: AlertKey) -> bool:
        """End the repetitions of an alert; return whether it is one that fires."""
        record = self._records.get(key)
        if record is None or not record.state.open:
            return False
        state = msgspec.structs.replace(record.state, acknowledged=True)
        last = record.last and msgspec.structs.replace(record.last, acknowledged=True)
        self._put(key, AlertRecord(state, last, record.notified))
        return True

    def end(self, key: AlertKey, at: int) -> None:
        """Resolve an alert, and forget its record."""
        record = self._records.get(key)
        if record is not None and record.state.open and record.last is not None:
            ended = {"state": "resolved", "at": at, "repeat": 0, "acknowledged": False}
            self.store(key, RuleState(), msgspec.structs.replace(record.last, **ended))
        self._records.pop(key, None)
        self.changed.add(key)

    def _put(self, key: AlertKey, record: AlertRecord) -> None:
        self.changed.add(key)
        if record.idle:
            self._records.pop(key, None)
        else:
            self._records[key] = record


def _open_state(state: RuleState) -> str:
    return "flapping" if state.flapping else "firing"
