"""What notifications look like."""

import json

from consumers.alerts.notify.formats import alertmanager, alertmanager_webhook, message, webhook
from consumers.alerts.transition import Transition

AT = 1_795_457_112_000_000  # 2026-11-23 18:05:12 UTC
SINCE = AT - 60_000_000
MINUTE = 60_000_000


def transition(state="firing", rule="hot", node="a", **changes):
    whole = {"severity": "warning", "at": AT, "since": SINCE, "message": "it is hot", **changes}
    return Transition(rule, node, state, **whole)


def test_a_message_for_people_says_what_where_and_when():
    title, body, severity, state = message([transition()])
    assert title == "a: hot firing (warning)"
    assert body == "it is hot\n2026-11-23 18:05:12 UTC"
    assert (severity, state) == ("warning", "firing")


def test_a_message_without_a_text_has_the_values():
    one = transition(message="", values={"air.temperature": 31.25, "air.humidity": 40.0})
    assert message([one]).body.startswith("air.temperature = 31.25, air.humidity = 40\n")


def test_a_message_about_many_alerts_is_one_with_the_worst_severity():
    many = [transition(node=str(n)) for n in range(29)] + [transition(severity="critical")]
    title, body, severity, state = message(many)
    assert (title, severity, state) == ("30 alerts", "critical", "firing")
    assert len(body.splitlines()) == 21
    assert body.endswith("and 10 more")


def test_a_message_about_alerts_that_are_all_resolved_is_good_news():
    assert message([transition("resolved"), transition("resolved", node="b")]).state == "resolved"


def test_our_own_json_has_the_id_of_each_transition():
    one = transition(values={"air.temperature": 31.0})
    (sent,) = json.loads(webhook([one]))["alerts"]
    assert sent["id"] == one.id
    assert (sent["rule"], sent["node"], sent["state"]) == ("hot", "a", "firing")
    assert (sent["at"], sent["since"]) == (
        "2026-11-23T18:05:12.000000Z",
        "2026-11-23T18:04:12.000000Z",
    )
    assert sent["values"] == {"air.temperature": 31.0}


def test_alertmanager_gets_an_alert_that_ends_by_itself_if_it_is_not_repeated():
    (sent,) = json.loads(alertmanager([transition()], AT + MINUTE))
    assert sent["labels"] == {"alertname": "hot", "node": "a", "severity": "warning"}
    assert sent["annotations"]["summary"] == "it is hot"
    assert sent["startsAt"] == "2026-11-23T18:04:12.000000Z"
    assert sent["endsAt"] == "2026-11-23T18:11:12.000000Z"


def test_alertmanager_gets_the_same_labels_when_an_alert_is_resolved():
    (fired,) = json.loads(alertmanager([transition()], AT))
    (ended,) = json.loads(alertmanager([transition("resolved")], AT + MINUTE))
    assert ended["labels"] == fired["labels"]
    assert ended["endsAt"] == "2026-11-23T18:05:12.000000Z"


def test_a_webhook_of_alertmanager_gets_what_it_expects():
    both = [transition("resolved"), transition(node="", nodes=("a", "b"))]
    sent = json.loads(alertmanager_webhook(both, "pager"))
    assert (sent["version"], sent["status"], sent["receiver"]) == ("4", "firing", "pager")
    assert sent["commonLabels"] == {"alertname": "hot", "severity": "warning"}
    ended, fires = sent["alerts"]
    assert (ended["status"], ended["endsAt"]) == ("resolved", "2026-11-23T18:05:12.000000Z")
    assert (fires["status"], fires["endsAt"]) == ("firing", "0001-01-01T00:00:00Z")
    assert fires["annotations"]["nodes"] == "a, b"
    assert len({one["fingerprint"] for one in sent["alerts"]}) == 2
