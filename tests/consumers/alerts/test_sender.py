"""Sending notifications: tried again until they are taken, refused ones left out, and stopped."""

import json
import sys
import threading
from queue import SimpleQueue

import pytest

from consumers.alerts.notify.sender import NotificationBatch, TargetSender
from consumers.alerts.notify.targets import NotificationRefused, open_target, problems_of
from consumers.alerts.settings import FleetNotifySettings
from edge_agent.deliver.backoff import Backoff
from edge_agent.errors import SinkUnavailable
from tests.consumers.alerts.test_formats import AT, transition
from tests.consumers.alerts.web_server import WebServer


@pytest.fixture
def web():
    server = WebServer()
    yield server
    server.close()


class QuickBackoff(Backoff):
    """Waits for no time, or for ever."""

    def __init__(self, seconds=0.0):
        super().__init__(lambda: 0.0)
        self._seconds = seconds

    def next(self, cap=8.0):
        super().next(cap)
        return self._seconds


def send(outcomes, *transitions, backoff=None):
    """Send a batch to a target whose answers are given; return what it took, and what is done."""
    taken, answers, sent = [], iter(outcomes), SimpleQueue()

    def notify(those, now):
        answer = next(answers, None)
        if answer is not None:
            raise answer
        taken.extend(one.node for one in those)

    sender = TargetSender("hook", lambda _: notify, sent, backoff or QuickBackoff())
    sender.send(NotificationBatch([1], transitions))
    thread = threading.Thread(target=sender.run)
    thread.start()
    done = sent.get(timeout=60) if backoff is None else None
    sender.stop()
    thread.join(60)
    assert not thread.is_alive()
    return taken, done


def test_a_notification_is_sent_again_until_it_is_taken():
    taken, done = send([SinkUnavailable("no"), SinkUnavailable("no")], transition(node="a"))
    assert (taken, done) == (["a"], ("hook", [1]))


def test_of_a_batch_that_is_refused_only_the_refused_ones_are_left_out():
    refused = NotificationRefused("400")
    both = transition(node="a"), transition(node="b")
    assert send([refused, refused], *both) == (["b"], ("hook", [1]))


def test_a_stop_ends_a_pause():
    taken, _ = send([SinkUnavailable("no")], transition(), backoff=QuickBackoff(3600.0))
    assert taken == []


def settings(web, form="webhook", **more):
    return FleetNotifySettings(name="hook", format=form, url=web.url, **more)


def test_a_web_server_gets_the_alerts_and_the_token(web, tmp_path):
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    token.chmod(0o640)
    open_target(settings(web, token_file=str(token)), lambda: False)([transition()], AT)
    assert [one["rule"] for one in web.alerts] == ["hot"]
    assert web.requests[0]["Authorization"] == "Bearer s3cret"


def test_alertmanager_is_asked_at_its_api(web):
    web.url = web.url.removesuffix("/alerts")
    open_target(settings(web, "alertmanager"), lambda: False)([transition()], AT)
    assert web.paths == ["/api/v2/alerts"]
    assert [one["labels"]["alertname"] for one in web.alerts] == ["hot"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, NotificationRefused), (503, SinkUnavailable), (404, SinkUnavailable)],
)
def test_what_a_server_answers_decides_whether_it_is_tried_again(web, status, error):
    web.status = status
    with pytest.raises(error):
        open_target(settings(web), lambda: False)([transition()], AT)


def test_a_service_of_apprise_gets_one_message(web):
    url = web.url.replace("http://", "json://")
    apprise = FleetNotifySettings(name="phone", url=url)
    open_target(apprise, lambda: False)([transition(), transition(node="b")], AT)
    assert web.bodies[0]["title"] == "2 alerts"


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({}, "give one of url and url_file"),
        ({"url": "nonsense"}, "does not understand URL number 1"),
        ({"url": "http://example.org", "format": "webhook"}, "write https://"),
        ({"url": "https://a@b", "format": "webhook"}, "credentials do not belong"),
        ({"url_file": "/nowhere"}, "make it readable"),
    ],
)
def test_what_is_wrong_with_a_target_is_found_before_it_is_used(keys, what):
    (found,) = problems_of(FleetNotifySettings(name="x", **keys))
    assert what in found.what


def test_a_missing_apprise_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    (found,) = problems_of(FleetNotifySettings(name="x", url="json://localhost"))
    assert found.what.endswith("pip install 'edge-agent[notify]'")


def test_a_secret_that_everyone_may_read_is_refused(tmp_path):
    secret = tmp_path / "url"
    secret.write_text("json://localhost")
    secret.chmod(0o644)
    (found,) = problems_of(FleetNotifySettings(name="x", url_file=str(secret)))
    assert "every user of this machine can read it" in found.what


def test_our_json_is_that_of_the_page(web):
    open_target(settings(web), lambda: False)([transition()], AT)
    (body,) = web.bodies
    names = {"id", "rule", "node", "state", "at", "since", "values", "message"}
    assert names <= set(body["alerts"][0]), json.dumps(body)
