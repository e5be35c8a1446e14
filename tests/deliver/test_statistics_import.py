"""What Home Assistant lacks is imported from a real log, once, over a real connection."""

import logging
import threading
from contextlib import closing
from functools import partial

import pytest

from edge_agent.clock import ManualClock, Moment
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.home_assistant import filling
from edge_agent.deliver.home_assistant.hours import HOUR
from edge_agent.deliver.home_assistant.import_loop import FIRST, LONGEST, POLL, ImportLoop
from edge_agent.deliver.home_assistant.imported_channel import ImportedChannel
from edge_agent.deliver.home_assistant.options import ImportOptions
from edge_agent.deliver.home_assistant.progress import NAME
from edge_agent.deliver.home_assistant.recorder import iso
from edge_agent.deliver.home_assistant.session import logged_in
from edge_agent.deliver.home_assistant.statistics_import import StatisticsImport
from edge_agent.errors import SinkUnavailable
from edge_agent.events import Reading
from edge_agent.store.event_log import EventLog
from edge_agent.store.history import HistoryReader
from tests.deliver.fake_home_assistant import ENTITY, TOKEN

BEGIN = 490_000  # hours since 1970
AIR = ImportedChannel("air", "temperature", "°C", "edge_shed_air_temperature")
SOIL = ImportedChannel("soil", "moisture", "%", "edge_shed_soil_moisture")


class Node:
    """A log, and the import of what it has; what is saved goes into the log."""

    def __init__(self, directory, home):
        self.path = directory / "shed.db"
        self.home = home
        self.clock = ManualClock(BEGIN * 3600)
        token = directory / "token"
        token.write_text(TOKEN)
        self.options = ImportOptions(home.url, str(token), "")
        self.pauses = []
        self.stopping = False
        self.saved = 0
        self.channels = [AIR]
        self.measure(0)
        self.steps = self.fresh()

    def fresh(self):
        """Return an import as after a restart."""
        return StatisticsImport(
            self.channels,
            connect=partial(logged_in, self.options, lambda: self.stopping),
            open_log=lambda: HistoryReader(self.path),
            save=self._save,
            clock=self.clock,
            pause=self.pauses.append,
            stopping=lambda: self.stopping,
        )

    def measure(self, *hours, value=20.0):
        """Log a reading in the middle of each hour."""
        moments = [Moment(round((BEGIN + one + 0.5) * HOUR), 0, trusted=True) for one in hours]
        with closing(EventLog.open(self.path, boot="b")) as log, log.transaction():
            log.append([Reading("air", one, {"temperature": value}).event() for one in moments])

    def move_to(self, hour):
        """Let it be a quarter past an hour."""
        self.clock.step((BEGIN + hour + 0.25) * 3600 - self.clock.now().time / 1e6)

    def _save(self, state):
        self.saved += 1
        with closing(EventLog.open(self.path, boot="b")) as log, log.transaction():
            log.save_state(state.name, state.data.decode())

    def kept(self):
        rows = self.home.kept[ENTITY]
        return {
            hour: rows[iso(BEGIN + hour)].get("mean")
            for hour in range(80)
            if iso(BEGIN + hour) in rows
        }


@pytest.fixture
def node(tmp_path, home):
    return Node(tmp_path, home)


def keep(home, hour, mean=None):
    home.kept[ENTITY][iso(BEGIN + hour)] = {"mean": mean}


def test_what_home_assistant_lacks_is_imported(node, home):
    node.measure(1, value=21)
    node.move_to(2)
    assert node.steps.step() == ()
    assert node.kept() == {0: 20, 1: 21}


def test_an_hour_that_home_assistant_has_is_left_as_it_is(node, home):
    node.measure(1, value=21)
    keep(home, 1, mean=5)
    node.move_to(2)
    node.steps.step()
    assert node.kept() == {0: 20, 1: 5}


def test_an_hour_that_home_assistant_has_in_part_is_replaced(node, home):
    keep(home, 0, mean=5)
    home.parts[iso(BEGIN)] = 7
    node.move_to(1)
    node.steps.step()
    assert node.kept() == {0: 20}


def test_an_hour_waits_until_home_assistant_has_made_its_own_statistics(node):
    node.move_to(1)
    node.clock.step(-6 * 60)  # nine minutes past
    node.steps.step()
    assert node.kept() == {}
    node.clock.step(60)
    node.steps.step()
    assert node.kept() == {0: 20}


def test_a_second_look_asks_nothing_until_the_next_hour_is_over(node, home):
    node.move_to(1)
    node.steps.step()
    asked = len(home.asked)
    node.steps.step()
    assert len(home.asked) == asked
    node.measure(1)
    node.move_to(2)
    node.steps.step()
    assert node.kept() == {0: 20, 1: 20}


def test_after_a_restart_it_goes_on_where_it_stood(node, home):
    node.move_to(1)
    node.steps.step()
    asked = len(home.asked)
    restarted = node.fresh()
    restarted.step()
    assert len(home.asked) == asked


def test_a_repeated_import_gives_the_same_numbers(node, home):
    node.measure(1, value=21)
    node.move_to(2)
    node.steps.step()
    before = dict(home.kept[ENTITY])
    home.kept[ENTITY].clear()
    with closing(EventLog.open(node.path, boot="b")) as log, log.transaction():
        log.save_state(NAME, "{}")
    node.fresh().step()
    assert home.kept[ENTITY] == before


def test_days_are_imported_one_by_one_and_each_is_saved(node):
    node.measure(30, 70)
    node.move_to(72)
    node.steps.step()
    assert node.kept() == {0: 20, 30: 20, 70: 20}
    assert node.saved >= 3


def test_what_fails_on_the_way_is_tried_again_and_what_is_done_is_not(node, home):
    node.measure(30)
    node.move_to(31)
    home.writes = False
    with pytest.raises(SinkUnavailable, match="has not written what was imported"):
        node.steps.step()
    assert node.pauses == [1.0] * filling.TRIES
    home.writes = True
    node.steps.step()
    assert node.kept() == {0: 20, 30: 20}


def test_an_entity_that_is_discovered_later_gets_the_whole_log(node, home):
    ours = home.entities.pop("edge_shed_air_temperature")
    node.measure(1)
    node.move_to(2)
    (problem,) = node.steps.step()
    assert problem == (
        "Home Assistant has no entity of air.temperature: it has not discovered it yet"
    )
    home.entities["edge_shed_air_temperature"] = ours
    node.move_to(3)
    assert node.steps.step() == ()
    assert node.kept() == {0: 20, 1: 20}


def test_one_entity_that_is_unknown_does_not_keep_the_others_waiting(node, home):
    node.channels.append(SOIL)
    node.move_to(1)
    (problem,) = node.fresh().step()
    assert "soil.moisture" in problem
    assert node.kept() == {0: 20}


def test_an_entity_without_statistics_is_said(node, home):
    home.metadata.clear()
    node.move_to(1)
    assert node.steps.step() == (
        f"Home Assistant keeps no statistics of {ENTITY}: enable it there",
    )


def test_a_unit_that_cannot_be_converted_is_said(node, home):
    home.metadata[ENTITY]["unit"] = "apples"
    node.move_to(1)
    (problem,) = node.steps.step()
    assert f"keeps {ENTITY} in 'apples', not in '°C'" in problem
    assert home.imports == []


def test_values_are_imported_in_the_unit_that_is_kept_and_it_stays(node, home):
    home.metadata[ENTITY]["unit"] = "°F"
    node.move_to(1)
    node.steps.step()
    assert node.kept() == {0: 68}
    (sent,) = home.imports
    assert sent["metadata"] == {
        "has_mean": True,
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": ENTITY,
        "unit_of_measurement": "°F",
    }


def test_a_newer_home_assistant_is_given_the_class_and_the_kind_of_mean(node, home):
    home.version = "2025.11.0b1"
    node.move_to(1)
    node.steps.step()
    described = home.imports[0]["metadata"]
    assert (described["mean_type"], described["unit_class"]) == (1, "temperature")
    assert "has_mean" not in described


def test_a_meter_goes_on_from_the_sum_of_weeks_ago(node, home):
    home.metadata[ENTITY] = {"has_mean": False, "has_sum": True, "unit": "°C"}
    home.kept[ENTITY][iso(BEGIN - 500)] = {"state": 15.0, "sum": 100.0}
    node.move_to(1)
    node.steps.step()
    assert home.kept[ENTITY][iso(BEGIN)] == {"start": iso(BEGIN), "state": 20.0, "sum": 105.0}


def test_without_the_right_time_nothing_is_imported(node, home):
    node.move_to(1)
    node.clock.trusted = False
    node.steps.step()
    assert home.asked == []


def test_a_log_that_is_another_one_is_looked_at_from_its_begin(node, tmp_path):
    node.move_to(1)
    node.steps.step()
    node.path = tmp_path / "other.db"
    node.measure(0, 1, value=9)
    node.move_to(2)
    node.fresh().step()
    assert node.kept() == {0: 20, 1: 9}


def test_a_log_that_is_replaced_meanwhile_is_looked_at_from_its_begin(node, home, tmp_path):
    node.move_to(1)
    node.steps.step()
    home.kept[ENTITY].clear()
    node.path = tmp_path / "other.db"
    node.measure(0, 1, value=9)
    node.move_to(2)
    node.steps.step()
    assert node.kept() == {0: 9, 1: 9}


def test_a_place_in_another_log_means_nothing_in_this_one(node):
    node.measure(1)
    node.move_to(2)
    with closing(EventLog.open(node.path, boot="b")) as log, log.transaction():
        place = f'"upto": {BEGIN + 1}, "offset": 5, "entities": ["{AIR.unique_id}"]'
        log.save_state(NAME, f'{{"log": "other", {place}}}')
    node.fresh().step()
    assert node.kept() == {0: 20, 1: 20}


def test_what_is_not_saved_yet_is_not_imported_twice(node, home, monkeypatch):
    node.move_to(1)
    monkeypatch.setattr(node, "_save", lambda _: None)
    steps = node.fresh()
    steps.step()
    asked = len(home.asked)
    steps.step()
    assert len(home.asked) == asked


def test_many_events_are_read_in_parts(node, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 1)
    node.measure(1, 2, value=21)
    node.move_to(3)
    node.steps.step()
    assert node.kept() == {0: 20, 1: 21, 2: 21}


def test_an_event_whose_time_is_not_known_is_not_taken_for_one_of_1970(node, home, tmp_path):
    node.path = tmp_path / "other.db"
    with closing(EventLog.open(node.path, boot="b")) as log, log.transaction():
        log.append([Reading("air", Moment(5, 5, trusted=False), {"temperature": 3}).event()])
    node.measure(0)
    node.move_to(1)
    node.fresh().step()
    assert node.kept() == {0: 20}
    assert len(home.asked) < 10


def test_an_empty_log_is_no_failure(node, tmp_path):
    node.path = tmp_path / "other.db"
    node.measure()
    node.move_to(2)
    assert node.fresh().step() == ()


def test_a_stop_ends_the_import_and_settles_nothing(node, home):
    node.move_to(1)
    home.answer = lambda *_: setattr(node, "stopping", True)
    with pytest.raises(SinkUnavailable, match="the agent stops"):
        node.steps.step()
    assert node.saved == 0


class Steps:
    """Steps that do what is in the list, one after the other."""

    def __init__(self, *outcomes):
        self._outcomes = iter(outcomes)

    def step(self):
        outcome = next(self._outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def loop():
    """A function: a loop over these outcomes, and what its notices are."""

    def make(*outcomes):
        notices = []
        backoff = Backoff(lambda: 1.0)
        return ImportLoop(Steps(*outcomes), threading.Event(), backoff, notices.append), notices

    return make


def test_what_fails_is_logged_once_and_in_the_status_until_it_works(loop, caplog):
    caplog.set_level(logging.INFO)
    away = SinkUnavailable("home:8123: nothing listens on this port", "start the server")
    found, notices = loop(away, away, ())
    pauses = [found.attempt() for _ in range(3)]
    assert pauses == [0.5, 1.0, POLL]
    text = "statistics are not imported: home:8123: nothing listens on this port: start the server"
    assert notices == [text, text, ""]
    assert [one.message for one in caplog.records] == [text, "statistics are imported"]


def test_after_a_success_the_pauses_are_short_again(loop):
    away = SinkUnavailable("x")
    found, _ = loop(away, away, (), away)
    assert [found.attempt() for _ in range(4)] == [0.5, 1.0, POLL, 0.5]


def test_the_pause_between_attempts_has_a_limit(loop):
    found, _ = loop(*[SinkUnavailable("x")] * 20)
    assert max(found.attempt() for _ in range(20)) == LONGEST


def test_what_prevents_single_entities_is_in_the_status(loop):
    found, notices = loop(("no entity of a", "no entity of b"))
    assert found.attempt() == POLL
    assert notices == ["no entity of a; no entity of b"]


def test_the_loop_gives_home_assistant_time_before_the_first_look_and_ends_when_it_is_asked_to():
    stopping = Waits()
    ImportLoop(Steps(()), stopping, Backoff(lambda: 1.0), lambda _: None).run()
    assert stopping.waited == [FIRST, POLL]


class Waits:
    """An event that is set after the second wait."""

    def __init__(self):
        self.waited = []

    def wait(self, seconds):
        self.waited.append(seconds)
        return len(self.waited) > 1

    def is_set(self):
        return False
