"""What a notification looks like: for people, as JSON, and in Alertmanager's two formats."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from consumers.alerts.transition import Transition, moment_of
from edge_agent.deliver.notify.services import Notification
from edge_agent.events import SEVERITIES

STILL_FIRING = timedelta(minutes=5)  # Alertmanager resolves what is not repeated by then
NEVER_ENDED = "0001-01-01T00:00:00Z"
LINES = 20  # alerts in one message for people
RESOLVED = "resolved"


def message(transitions: Sequence[Transition]) -> Notification:
    """Return one message for people about some transitions, at least one."""
    worst = max(transitions, key=lambda one: SEVERITIES.index(one.severity))
    state = RESOLVED if all(one.state == RESOLVED for one in transitions) else "firing"
    if len(transitions) == 1:
        return Notification(_title(worst), _body(worst), worst.severity, worst.state)
    lines = [f"{_title(one)}: {_text(one)}" for one in transitions[:LINES]]
    more = len(transitions) - len(lines)
    body = "\n".join([*lines, *([f"and {more} more"] if more else [])])
    return Notification(f"{len(transitions)} alerts", body, worst.severity, state)


def webhook(transitions: Sequence[Transition]) -> bytes:
    """Return our own JSON: `alerts`, each with the `id` that stays the same at every attempt."""
    return msgspec.json.encode({"version": 1, "alerts": [plain(one) for one in transitions]})


def alertmanager(transitions: Sequence[Transition], now: int) -> bytes:
    """Return what Alertmanager's API takes (POST /api/v2/alerts)."""
    return msgspec.json.encode([_posted(one, now) for one in transitions])


def alertmanager_webhook(transitions: Sequence[Transition], receiver: str) -> bytes:
    """Return what Alertmanager itself sends to webhooks (version 4)."""
    alerts = [_received(one) for one in transitions]
    firing = any(one["status"] == "firing" for one in alerts)
    return msgspec.json.encode(
        {
            "version": "4",
            "groupKey": "{}:{}",
            "truncatedAlerts": 0,
            "status": "firing" if firing else RESOLVED,
            "receiver": receiver,
            "groupLabels": {},
            "commonLabels": _common([one["labels"] for one in alerts]),
            "commonAnnotations": _common([one["annotations"] for one in alerts]),
            "externalURL": "",
            "alerts": alerts,
        }
    )


def plain(one: Transition) -> dict[str, Any]:
    """Return a transition with all that it says, as JSON has it."""
    fields = msgspec.structs.asdict(one)
    return {"id": one.id, **fields, "at": utc_text(one.at), "since": utc_text(one.since)}


def _posted(one: Transition, now: int) -> dict[str, Any]:
    ended = moment_of(one.at) if one.state == RESOLVED else moment_of(now) + STILL_FIRING
    return {
        "labels": _labels(one),
        "annotations": _annotations(one),
        "startsAt": utc_text(one.since),
        "endsAt": f"{ended:%Y-%m-%dT%H:%M:%S.%fZ}",
    }


def _received(one: Transition) -> dict[str, Any]:
    resolved = one.state == RESOLVED
    return {
        "status": RESOLVED if resolved else "firing",
        "labels": _labels(one),
        "annotations": _annotations(one),
        "startsAt": utc_text(one.since),
        "endsAt": utc_text(one.at) if resolved else NEVER_ENDED,
        "generatorURL": "",
        "fingerprint": one.key,
    }


def _labels(one: Transition) -> dict[str, str]:
    """Return what names the alert: the same when it fires and when it is resolved."""
    node = {"node": one.node} if one.node else {}
    return {"alertname": one.rule, "severity": one.severity, **node}


def _annotations(one: Transition) -> dict[str, str]:
    found = {"id": one.id, "state": one.state, "summary": _text(one)}
    return found | ({"nodes": ", ".join(one.nodes)} if one.nodes else {})


def _common(those: Sequence[dict[str, str]]) -> dict[str, str]:
    first, *others = those
    return {name: text for name, text in first.items() if all(o.get(name) == text for o in others)}


def _title(one: Transition) -> str:
    repeated = f" (repeated, {one.repeat})" if one.repeat else ""
    place = f"{one.node}: " if one.node else ""
    return f"{place}{one.rule} {one.state} ({one.severity}){repeated}"


def _text(one: Transition) -> str:
    values = ", ".join(f"{name} = {value:.10g}" for name, value in one.values.items())
    return one.message or values or ", ".join(one.nodes)


def _body(one: Transition) -> str:
    return "\n".join(filter(None, (_text(one), f"{moment_of(one.at):%Y-%m-%d %H:%M:%S} UTC")))


def utc_text(at: int) -> str:
    """Return µs since 1970 as a text in RFC 3339."""
    return f"{moment_of(at):%Y-%m-%dT%H:%M:%S.%fZ}"
