import json
import logging
import threading

import msgspec
import pytest
from lab.waiting import eventually

from edge_agent.clock import ManualClock
from edge_agent.events import CursorMove, Event, Reading, Subscription, gap
from edge_agent.figures import Committed, TakenOver
from edge_agent.observe.web.route import BadRequest, Query, Route, Stream
from edge_agent.observe.web.trust.doctor_runs import LIMIT, PAUSE, DoctorRuns
from edge_agent.observe.web.trust.log_lines import HELD, KEPT, LENGTH, LineBook, LineHandler
from edge_agent.observe.web.trust.offset_times import OffsetTimes
from edge_agent.observe.web.trust.view import TrustSources, TrustView
from edge_agent.store.event_log import EventLog
from edge_agent.store.event_lookup import EventLookup


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def log(tmp_path, clock):
    log = EventLog.open(tmp_path / "events.db", boot=clock.boot)
    with log.transaction():
        log.account.register([Subscription("mqtt"), Subscription("file")], 0)
    yield log
    log.close()


class Page:
    """The view, with all that it takes; `get` and `post` answer as the page would see it."""

    def __init__(self, path, clock, diagnose):
        handler = LineHandler()
        self.logger = logging.getLogger("a logger of this test")
        self.logger.handlers, self.logger.propagate = [handler], False
        self.logger.setLevel(logging.DEBUG)
        self.times = OffsetTimes(lambda: clock.now().time)
        doctor = DoctorRuns(diagnose, clock.monotonic, lambda: clock.now().time)
        sources = TrustSources(
            lambda: EventLookup(path),
            dict,
            lambda device: [f"{device}.temperature: offset -0.4"],
        )
        view = TrustView(sources, self.times, doctor, LineBook(handler.inbox))
        self.offers = {
            (type(one), getattr(one, "method", ""), one.path): one for one in view.routes()
        }
        self.lines = self.offers[Stream, "", "api/lines"]

    def get(self, path, **arguments):
        return self._answered("GET", path, arguments)

    def post(self, path):
        return self._answered("POST", path, {})

    def _answered(self, method, path, arguments):
        answer = self.offers[Route, method, path].answer(Query(arguments))
        return json.loads(msgspec.json.encode(answer.value))

    def fresh(self):
        return self.lines.fresh()


@pytest.fixture
def page(tmp_path, clock, log):
    return Page(tmp_path / "events.db", clock, lambda: iter(()))


@pytest.fixture
def reading(clock):
    return Reading(
        "air", clock.now(), {"humidity": 40.0}, refused={"temperature": "jumped"}
    ).event()


def append(log, *events):
    with log.transaction():
        return log.append(list(events))


def move(log, sink, offset, refused=()):
    with log.transaction():
        log.account.move(CursorMove(sink, offset, dict(refused)))


def states(path):
    return {one["sink"]: one["state"] for one in path["sinks"]}


def test_the_path_of_a_reading_has_its_steps_and_its_fate_at_each_sink(page, log, reading):
    append(log, reading)
    move(log, "mqtt", 1)
    path = page.get("api/event", id=f"{log.id}:1")
    assert [one["name"] for one in path["steps"]] == ["measured", "refined", "logged"]
    assert path["steps"][0]["time"] == reading.moment.time
    assert "temperature was refused: jumped" in path["steps"][1]["text"]
    assert "as configured now: air.temperature: offset -0.4" in path["steps"][1]["text"]
    assert path["steps"][2]["time"] is None
    assert path["data"]["values"] == {"humidity": 40.0}
    assert states(path) == {"mqtt": "delivered", "file": "waiting"}


def test_times_of_commit_and_delivery_are_those_that_the_threads_reported(
    page, log, reading, clock
):
    append(log, reading, reading)
    page.times.put(Committed(0.001, 1))
    page.times.put(Committed(0.001, 2))
    committed = clock.now().time
    clock.advance(2)
    move(log, "mqtt", 2)
    page.times.put(TakenOver("mqtt", 0.1, 1))
    page.times.put(TakenOver("mqtt", 0.1, 2))
    page.fresh()
    path = page.get("api/event", id="2")
    assert path["id"] == f"{log.id}:2"
    assert path["steps"][2]["time"] == committed
    assert {one["sink"]: one["time"] for one in path["sinks"]} == {
        "mqtt": committed + 2_000_000,
        "file": None,
    }


def test_a_refused_event_is_found_by_the_gap_event_that_reports_it(page, log, reading, clock):
    append(log, reading, reading, gap(clock.now(), "rejected by mqtt: too large", [(2, 2)], 1))
    move(log, "mqtt", 3, {2: "too large"})
    assert states(page.get("api/event", id="1"))["mqtt"] == "delivered"
    assert states(page.get("api/event", id="2"))["mqtt"] == "refused"


def test_a_dropped_event_is_reported_although_the_log_does_not_have_it(page, log, reading, clock):
    append(log, reading, gap(clock.now(), "max_size", [(1, 1)], 1))
    with log.transaction():
        log.execute('DELETE FROM event WHERE "offset" = 1')
    path = page.get("api/event", id="1")
    assert [one["name"] for one in path["steps"]] == ["reported"]
    assert "gap event at offset 2 reports it: max_size" in path["steps"][0]["text"]
    assert path["data"] is None
    assert states(path) == {"mqtt": "dropped", "file": "dropped"}


def test_an_event_of_a_log_that_was_replaced_is_found_in_the_report_of_it(page, log, clock):
    append(log, gap(clock.now(), "went_back", [(5, 9)], 2, log="0ld"))
    steps = page.get("api/event", id="0ld:7")["steps"]
    assert "went_back" in steps[0]["text"]
    assert page.get("api/event", id="0ld:4")["steps"][0]["name"] == "unknown"


@pytest.mark.parametrize(
    "id_", ["", "x", "1:x", "../1", "a b:1", "1" * 30, "0", "2", "-1", "²", f"{'a' * 65}:1"]
)
def test_what_is_no_id_of_an_event_is_a_bad_request(page, log, reading, id_):
    append(log, reading)
    with pytest.raises(BadRequest):
        page.get("api/event", id=id_)


def test_the_last_events_are_listed_newest_first(page, log, reading):
    append(log, reading, reading, Event("alert", "warm", reading.moment, {}))
    found = page.get("api/events", count="2")
    assert [one["id"] for one in found] == [f"{log.id}:3", f"{log.id}:2"]
    assert [one["kind"] for one in page.get("api/events", upto="1")] == ["reading"]


def test_the_losses_of_each_sink_are_counted_and_the_newest_reports_come_first(
    page, log, reading, clock
):
    append(log, reading, gap(clock.now(), "rejected by mqtt: too large", [(1, 1)], 1))
    append(log, gap(clock.now(), "max_size", [(1, 1)], 1))
    move(log, "mqtt", 2, {1: "too large"})
    found = page.get("api/refusals")
    assert {one["sink"]: one["refused"] for one in found["sinks"]} == {
        "mqtt": {"too large": 1},
        "file": {},
    }
    assert [one["reason"] for one in found["reports"]] == [
        "max_size",
        "rejected by mqtt: too large",
    ]


def test_lines_of_the_log_come_as_they_are_logged_and_the_last_are_kept(page):
    for n in range(KEPT + 5):
        page.logger.warning("line %d", n, extra={"sink": "mqtt"})
    assert len(page.fresh()) == KEPT + 5
    kept = page.lines.first()
    assert [kept[0].text, kept[-1].text] == ["line 5", f"line {KEPT + 4}"]
    assert (kept[0].level, kept[0].about) == ("warning", {"sink": "mqtt"})
    assert page.fresh() == []


def test_lines_beyond_what_the_inbox_holds_are_left_out(page):
    for _ in range(HELD + 5):
        page.logger.info("a flood")
    assert len(page.fresh()) == HELD


def test_a_long_line_is_cut(page):
    page.logger.info("x" * (2 * LENGTH))
    (line,) = page.fresh()
    assert line.text == "x" * LENGTH + " …"


def test_the_path_of_an_event_has_the_lines_that_trace_it(page, log, reading):
    append(log, reading)
    page.logger.debug("recorded", extra={"event": f"{log.id}:1"})
    page.logger.debug("recorded", extra={"event": f"{log.id}:2"})
    page.fresh()
    assert [one["text"] for one in page.get("api/event", id="1")["lines"]] == ["recorded"]


def collected(page):
    def report():
        page.fresh()
        return page.get("api/doctor")

    return report


def test_the_doctor_runs_when_it_is_asked_and_not_again_soon(tmp_path, clock, log):
    runs = []

    def diagnose():
        runs.append(threading.current_thread().name)
        yield {"theme": "clock"}

    page = Page(tmp_path / "events.db", clock, diagnose)
    assert page.get("api/doctor")["began"] is None
    page.post("api/doctor")
    report = collected(page)
    eventually(lambda: report()["themes"] and not report()["running"])
    assert report()["themes"] == [{"theme": "clock"}]
    page.post("api/doctor")
    assert report()["wait"] == PAUSE
    assert runs == ["doctor"]
    clock.advance(PAUSE)
    page.post("api/doctor")
    eventually(lambda: not report()["running"])
    assert runs == ["doctor", "doctor"]


def test_a_doctor_that_hangs_is_given_up_and_what_it_finds_later_does_not_count(
    tmp_path, clock, log
):
    go_on = threading.Event()

    def diagnose():
        go_on.wait(60)
        yield {"theme": "late"}

    page = Page(tmp_path / "events.db", clock, diagnose)
    page.post("api/doctor")
    report = collected(page)
    assert report()["running"]
    clock.advance(LIMIT + 1)
    assert "no answer within" in report()["error"]
    go_on.set()
    eventually(lambda: "doctor" not in {one.name for one in threading.enumerate()})
    assert report()["themes"] == []


def test_a_doctor_that_fails_says_so(tmp_path, clock, log):
    def diagnose():
        yield {"theme": "clock"}
        raise ValueError("of its own")

    page = Page(tmp_path / "events.db", clock, diagnose)
    page.post("api/doctor")
    report = collected(page)
    eventually(lambda: report()["error"] == "the doctor failed: ValueError: of its own")
    assert report()["themes"] == [{"theme": "clock"}]
