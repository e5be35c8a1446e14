import json
import logging
import sys
from queue import SimpleQueue

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.clock import ManualClock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.forwarder import Forwarder, LogAccess
from edge_agent.deliver.notify.services import Notification, open_apprise
from edge_agent.deliver.notify.sink import SEVERITIES, SHOWN, NotifySink
from edge_agent.errors import AgentError, EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent

# Apprise imports a module of the standard library that Python 3.13 no longer has.
MEASURED = 1_795_457_112_000_000  # 2026-11-23 18:05:12 UTC, in µs


def alert(offset=1, source="too_warm", *, time=MEASURED, boot=None, **data):
    whole = {"state": "firing", "severity": "warning", "values": {"air.temperature": 31.2}} | data
    return LoggedEvent(offset, time, boot, None, "alert", source, json.dumps(whole))


def reading(offset):
    return LoggedEvent(offset, MEASURED, None, None, "reading", "air", '{"values":{"t":31.2}}')


class Service:
    """What `send` reaches: takes all messages but those whose title is in `refusing`."""

    def __init__(self):
        self.refusing = set()
        self.messages = []

    def send(self, message):
        if message.title in self.refusing:
            return False
        self.messages.append(message)
        return True

    @property
    def titles(self):
        return [message.title for message in self.messages]


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def notify(service):
    return opened(service.send, "info")


def opened(send, severity):
    """A sink that is ready to send."""
    sink = NotifySink("notify-phone", "greenhouse", lambda: send, severity=severity)
    sink.open()
    return sink


def title(source="too_warm", state="firing", severity="warning"):
    return f"greenhouse: {source} {state} ({severity})"


# What is sent.


def test_an_alert_is_sent_with_its_node_rule_state_severity_values_and_time(notify, service):
    assert notify.deliver([alert()]) == 1
    body = "air.temperature = 31.2\n2026-11-23 18:05:12 UTC"
    assert service.messages == [Notification(title(), body, "warning", "firing")]


def test_a_message_stands_in_the_place_of_the_values(notify, service):
    notify.deliver([alert(message="Open the roof")])
    assert service.messages[0].body == "Open the roof\n2026-11-23 18:05:12 UTC"


def test_every_value_has_its_line_and_a_large_counter_all_its_digits(notify, service):
    notify.deliver([alert(values={"rain.count": 1234567.0, "air.t": 0.1 + 0.2})])
    assert service.messages[0].body.splitlines()[:2] == ["rain.count = 1234567", "air.t = 0.3"]


def test_a_time_that_is_not_to_be_trusted_is_not_shown(notify, service):
    notify.deliver([alert(boot=3)])
    assert service.messages[0].body == "air.temperature = 31.2\nclock not set"


def test_a_repeated_alert_says_how_often(notify, service):
    notify.deliver([alert(repeat=4)])
    assert service.titles == [title() + " (repeated, 4)"]


def deliver_all(sink, batch):
    """Deliver as the forwarder does: what is not owned is given again."""
    while batch:
        batch = batch[sink.deliver(batch) :]


def test_alerts_are_sent_in_the_order_of_the_log(notify, service):
    deliver_all(notify, [alert(n, f"rule{n}") for n in range(1, 6)])
    assert service.titles == [title(f"rule{n}") for n in range(1, 6)]


# What is not.


@pytest.mark.parametrize(
    "kind", ["reading", "aggregate", "output", "command", "gap", "lifecycle", "of the future"]
)
def test_what_is_no_alert_is_owned_and_never_reaches_the_service(notify, service, kind):
    batch = [alert(1)._replace(kind=kind), reading(2)._replace(data="no JSON", kind=kind)]
    assert (notify.deliver(batch), service.messages) == (2, [])


@pytest.mark.parametrize("state", ["firing", "resolved", "flapping"])
def test_a_silenced_alert_is_owned_and_never_reaches_the_service(notify, service, state):
    assert (notify.deliver([alert(state=state, silenced=True)]), service.messages) == (1, [])


def test_an_acknowledged_alert_is_not_sent_while_it_fires_but_its_end_is(notify, service):
    states = ("firing", "resolved", "flapping")
    batch = [alert(n, state=state, acknowledged=True) for n, state in enumerate(states)]
    deliver_all(notify, batch)
    assert service.titles == [title(state="resolved"), title(state="flapping")]


def test_an_alert_that_is_expressly_not_silenced_or_acknowledged_is_sent(notify, service):
    notify.deliver([alert(silenced=False, acknowledged=False)])
    assert service.titles == [title()]


@pytest.mark.parametrize("state", ["pending", "inactive", "of the future"])
def test_a_state_that_needs_no_action_is_not_sent(notify, service, state):
    assert (notify.deliver([alert(state=state)]), service.messages) == (1, [])


def test_an_end_whose_beginning_was_never_sent_is_sent(notify, service):
    notify.deliver([alert(state="resolved")])
    assert service.titles == [title(state="resolved")]


@pytest.mark.parametrize(
    "least, sent",
    [
        ("info", ["info", "warning", "critical"]),
        ("warning", ["warning", "critical"]),
        ("critical", ["critical"]),
    ],
)
def test_only_what_is_severe_enough_is_sent(service, least, sent):
    batch = [alert(n, severity=severity) for n, severity in enumerate(SEVERITIES)]
    deliver_all(opened(service.send, least), batch)
    assert [message.severity for message in service.messages] == sent


# What fails.


def test_a_service_that_does_not_take_the_first_event_makes_the_sink_unavailable(notify, service):
    service.refusing = {title()}
    with pytest.raises(SinkUnavailable) as caught:
        notify.deliver([alert(1), reading(2)])
    assert caught.value.what == "a service did not take the notification"
    assert caught.value.remedy


def test_what_stands_before_the_alert_that_was_not_taken_is_owned(notify, service):
    service.refusing = {title("cold")}
    batch = [reading(1), reading(3), alert(4, "cold"), alert(5, "dry")]
    assert notify.deliver(batch) == 2
    assert service.titles == []


def test_a_message_that_was_taken_is_owned_before_the_next_is_sent(notify, service):
    """A crash between them repeats none."""
    batch = [reading(1), alert(2, "hot"), alert(3, "cold")]
    assert notify.deliver(batch) == 2
    assert service.titles == [title("hot")]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"state":"firing"}',
        '{"state":"firing","severity":"dreadful"}',
        '{"state":"firing","severity":"info","values":{"air.t":"hot"}}',
    ],
)
def test_a_malformed_alert_is_refused_by_its_offset_and_stepped_over(notify, service, data):
    broken = LoggedEvent(8, MEASURED, None, None, "alert", "hot", data)
    with pytest.raises(EventRejected) as caught:
        notify.deliver([reading(7), broken, alert(9)])
    assert (caught.value.settled, list(caught.value.refused)) == (2, [8])
    assert caught.value.refused[8].startswith("not a readable alert: ")
    assert service.messages == []


def test_a_time_beyond_the_calendar_is_refused(notify):
    with pytest.raises(EventRejected):
        notify.deliver([alert(time=2**63 - 1)])


def test_an_unknown_severity_is_an_error_at_once(service):
    with pytest.raises(ValueError):
        opened(service.send, "dreadful")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NEARLY = st.fixed_dictionaries(
    {
        "state": st.sampled_from(sorted(SHOWN)) | ANYTHING,
        "severity": st.sampled_from(SEVERITIES) | ANYTHING,
    },
    optional={
        "values": st.dictionaries(st.text(), st.floats(allow_nan=False)) | ANYTHING,
        "message": st.text() | ANYTHING,
        "repeat": st.integers() | ANYTHING,
        "silenced": ANYTHING,
        "acknowledged": ANYTHING,
    },
)
TEXTS = st.builds(json.dumps, NEARLY | ANYTHING, ensure_ascii=st.booleans()) | st.text()
EVENTS = st.builds(
    LoggedEvent,
    offset=st.integers(1, 99),
    time=st.integers(-(2**63), 2**63 - 1),
    boot=st.none() | st.integers(1, 9),
    uptime=st.none(),
    kind=st.sampled_from(["alert", "alert", "reading"]),
    source=st.text(),
    data=TEXTS,
)


@given(st.lists(EVENTS, min_size=1, max_size=5), st.booleans())
@example([alert()._replace(data='{"silenced":' + "[" * 100_000)], True)
@example([alert()._replace(data='{"state":"firing","severity":"info","message":"\ud800"}')], True)
@example(
    [alert()._replace(data='{"state":"firing","severity":"info","x":' + "9" * 9999 + "}")], True
)
def test_any_data_is_owned_refused_or_waits_and_nothing_else(batch, taken):
    sink = opened(lambda _message: taken, "info")
    kind, count = outcome(sink, batch)
    assert kind == "owned" or (kind == "waits" and not taken) or kind == batch[count - 1].offset
    assert 0 <= count <= len(batch)
    assert (count == 0) == (kind == "waits")
    assert not taken or kind != "owned" or count == len(batch) or batch[count - 1].kind == "alert"


def outcome(sink, batch):
    try:
        return "owned", sink.deliver(batch)
    except SinkUnavailable:
        return "waits", 0
    except EventRejected as error:
        [offset] = error.refused
        return offset, error.settled


# Through Apprise, to a real web server, and behind the real forwarder.


class Log:
    """A log's reading side: the events that it is given."""

    id = "log"
    inode = 42

    def __init__(self, events):
        self._events = events

    def cursor(self, _sink, _kinds):
        return 0

    def read_kinds(self, kinds, after, upto, limit):
        found = [event for event in self._events if after < event.offset <= upto]
        return [event for event in found if event.kind in kinds][:limit]

    def require(self, offset):
        """Every event that was announced is there."""

    def close(self):
        pass


class Delivery:
    """A notification sink behind a forwarder, on a clock that is moved by hand."""

    def __init__(self, url, events):
        self.clock = ManualClock()
        self.offsets = []
        inbox = SimpleQueue()
        inbox.put(events[-1].offset)
        send = open_apprise("notify-phone", [url])
        self._forwarder = Forwarder(
            NotifySink("notify-phone", "greenhouse", lambda: send, severity="info"),
            {"alert"},
            inbox,
            log=LogAccess(
                lambda: Log(events), lambda move: self.offsets.append(move.offset), lambda *_: None
            ),
            clock=self.clock,
            backoff=Backoff(lambda: 1.0),
        )

    def step(self):
        self._forwarder.step(0)


def test_an_alert_waits_while_the_service_fails_and_arrives_once_when_it_is_back(web):
    delivery = Delivery(web.url, [reading(1), alert(2), reading(3)])
    web.status = 500
    delivery.step()
    for _ in range(5):
        delivery.clock.advance(60)
        delivery.step()
    assert (web.attempts, web.taken, delivery.offsets) == (6, [], [])
    web.status = 200
    delivery.step()
    assert (web.attempts, delivery.offsets) == (6, [])  # not before its time
    delivery.clock.advance(60)
    delivery.step()
    delivery.step()
    assert [each["title"] for each in web.taken] == [title()]
    assert web.taken[0]["message"] == "air.temperature = 31.2\n2026-11-23 18:05:12 UTC"
    assert delivery.offsets == [2, 3]


def test_readings_alone_make_no_request(web):
    delivery = Delivery(web.url, [reading(n) for n in range(1, 100)])
    delivery.step()
    assert (web.attempts, delivery.offsets) == (0, [99])


@pytest.mark.parametrize(
    "severity, state, shown",
    [
        ("info", "firing", "info"),
        ("warning", "firing", "warning"),
        ("critical", "firing", "failure"),
        ("critical", "flapping", "failure"),
        ("critical", "resolved", "success"),
    ],
)
def test_apprise_gets_the_severity_of_a_message(web, severity, state, shown):
    assert open_apprise("n", [web.url])(Notification("a title", "a body", severity, state)) is True
    assert [each["type"] for each in web.taken] == [shown]


def test_a_message_is_taken_only_if_every_service_took_it(web):
    other = type(web)()
    try:
        send = open_apprise("n", [web.url, other.url])
        other.status = 500
        assert send(Notification("a title", "a body", "info", "firing")) is False
        other.status = 200
        assert send(Notification("a title", "a body", "info", "firing")) is True
    finally:
        other.close()


@pytest.mark.parametrize("answer", [False, None, TypeError("no title")])
def test_whatever_way_apprise_says_no_the_message_is_not_taken(monkeypatch, answer):
    apprise = pytest.importorskip("apprise")

    def notify(*_, **__):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(apprise.Apprise, "notify", notify)
    send = open_apprise("n", ["json://127.0.0.1/"])
    assert send(Notification("a title", "a body", "info", "firing")) is False


@pytest.mark.parametrize(
    "url", ["nosuch://hunter2", "hunter2", "slack://hunter2", "json://h/?method=hunter2"]
)
def test_a_url_that_is_not_understood_is_named_by_its_number_alone(url, caplog):
    pytest.importorskip("apprise")
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AgentError, match=r"notify-phone: .* URL number 2") as caught:
        open_apprise("notify-phone", ["json://127.0.0.1/", url, "nosuch://other"])
    assert "hunter2" not in str(caught.value) + caplog.text


def test_apprise_may_log_again_once_its_urls_are_read(web, caplog):
    send = open_apprise("n", [web.url])
    web.status = 500
    send(Notification("a title", "a body", "info", "firing"))
    assert "error=500" in caplog.text
    assert "hunter2" not in caplog.text


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(AgentError) as caught:
        open_apprise("n", ["json://127.0.0.1/"])
    assert caught.value.what == "the package apprise is not installed"
    assert caught.value.remedy == "pip install 'edge-agent[notify]'"
