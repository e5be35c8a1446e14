"""Whatever a command or a signal asks of the main thread: it goes on, and answers."""

import sqlite3
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from edge_agent.assembly import main_requests
from edge_agent.assembly.control import RELOAD, STOP, Control, MainRequest
from edge_agent.assembly.main_requests import MOST_PROBLEMS, carry_out
from edge_agent.clock import ManualClock
from edge_agent.errors import ConfigError
from edge_agent.evaluate.commands.command import Calibrate, Diagnostics, Read, Reload
from edge_agent.observe.notices import Notices
from edge_agent.store.event_log import EventLog


class Buses:
    def __init__(self, error=None):
        self.woken = []
        self.calibrations = []
        self._error = error

    def wake(self, device):
        if self._error:
            raise self._error
        self.woken.append(device)
        return device == "air"

    def calibrate(self, calibration):
        self.calibrations.append(calibration)
        return calibration.device == "air"


@pytest.fixture
def flow(tmp_path):
    return SimpleNamespace(
        buses=Buses(),
        readings=SimpleQueue(),
        records=SimpleQueue(),
        log_path=tmp_path / "a.db",
        clock=ManualClock(),
        notices=Notices(),
        blueprint=SimpleNamespace(config=SimpleNamespace(node="shed"), devices=()),
    )


def items(queue):
    return [queue.get_nowait() for _ in range(queue.qsize())]


def ends(flow, *commands, reread=lambda: None):
    """Let the main thread carry out commands; return their ends as (key, result, reason)."""
    requests = [MainRequest(command, f"k{n}") for n, command in enumerate(commands)]
    carry_out(requests, flow, reread, lambda: False)
    return [tuple(end) for end in items(flow.readings)]


def test_diagnostics_of_a_good_log_are_a_result(flow):
    EventLog.open(flow.log_path, boot="manual").close()
    ((key, result, _),) = ends(flow, Diagnostics())
    assert (key, result["node"], result["log"]["rows"]) == ("k0", "shed", 0)


def test_diagnostics_have_what_the_status_says(flow):
    EventLog.open(flow.log_path, boot="manual").close()
    flow.notices.put("mqtt", "speaks MQTT 3.1.1")
    ((_, result, _),) = ends(flow, Diagnostics())
    assert result["notices"] == {"mqtt": "speaks MQTT 3.1.1"}


def test_diagnostics_without_a_log_have_failed(flow):
    ((_, result, reason),) = ends(flow, Diagnostics())
    assert (result, "there is no event log yet" in reason) == (None, True)


def test_diagnostics_of_a_damaged_log_have_failed(flow):
    flow.log_path.write_bytes(b"not a database" * 1000)
    ((_, result, reason),) = ends(flow, Diagnostics())
    assert (result, reason.startswith("diagnostics: file is not a database")) == (None, True)


def test_diagnostics_of_a_locked_log_have_failed(flow):
    EventLog.open(flow.log_path, boot="manual").close()
    other = sqlite3.connect(flow.log_path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    ((_, result, reason),) = ends(flow, Diagnostics())
    other.close()
    assert (result, "locked" in reason) == (None, True)


def test_the_next_reading_answers_a_read(flow):
    assert ends(flow, Read(device="air")) == []
    assert flow.buses.woken == ["air"]


def test_a_read_of_an_unknown_device_has_failed(flow):
    assert ends(flow, Read(device="moon")) == [("k0", None, "no device 'moon'")]


CALIBRATE = Calibrate(device="air", value=420)


def test_the_bus_answers_a_calibration_at_its_end(flow):
    assert ends(flow, CALIBRATE) == []
    (asked,) = flow.buses.calibrations
    assert (asked.device, asked.value) == ("air", 420)
    asked.done(-80.0)
    assert [tuple(end) for end in items(flow.readings)] == [("k0", {"correction": -80.0}, "")]


def test_a_calibration_that_two_asked_for_is_made_once_and_each_is_answered(flow):
    ends(flow, CALIBRATE, CALIBRATE)
    (asked,) = flow.buses.calibrations
    asked.failed("air: nothing new for 3 s")
    assert [end.id for end in items(flow.readings)] == ["k0", "k1"]


def test_a_calibration_of_a_device_that_a_reload_removed_has_failed(flow):
    found = ends(flow, Calibrate(device="moon", value=420))
    assert found == [("k0", None, "no device 'moon'")]


def test_a_bug_fails_the_command_and_is_logged(flow, caplog):
    flow.buses = Buses(RuntimeError("bug"))
    ((_, result, reason),) = ends(flow, Read(device="air"))
    assert (result, "bug" in reason) == (None, True)
    assert "read: failed" in caplog.text


def refuse():
    raise ConfigError(tuple(f"problem {n}" for n in range(1000)))


def damaged():
    raise OSError(5, "Input/output error")


def buggy():
    raise RuntimeError("bug")


@pytest.mark.parametrize(
    "reread, words", [(refuse, "problem 0"), (damaged, "Input/output error"), (buggy, "bug")]
)
def test_a_configuration_that_cannot_be_read_is_a_refused_reload(flow, reread, words):
    ((_, result, reason),) = ends(flow, Reload(), reread=reread)
    (note,) = items(flow.records)
    assert (result, words in reason) == (None, True)
    assert (note.data["what"], words in note.data["problems"][0]) == ("reload_refused", True)
    assert len(note.data["problems"]) <= MOST_PROBLEMS


def test_requests_that_ask_the_same_are_carried_out_once_and_each_is_answered(flow, monkeypatch):
    reloads = []
    monkeypatch.setattr(main_requests, "reload", lambda *given: reloads.append(given) or [])
    found = ends(flow, Reload(id="a"), Reload(id="b"), Reload())
    assert [key for key, _, _ in found] == ["k0", "k1", "k2"]
    assert len(reloads) == 1


@pytest.fixture
def control():
    return Control()


def put(control, *items):
    for item in items:
        control.put(item)


def test_reloads_that_wait_are_one(control):
    put(control, *[RELOAD] * 1000, MainRequest(Reload(id="x"), "k"))
    assert len(control.take(0)) == 1001
    assert control.take(0) == []


def test_what_asks_for_something_else_is_carried_out_in_order(control):
    air, soil = MainRequest(Read(device="air"), "1"), MainRequest(Read(device="soil"), "2")
    again = MainRequest(Read(device="air", id="x"), "3")
    put(control, air, soil, again)
    assert [control.take(0), control.take(0), control.take(0)] == [[air, again], [soil], []]


def test_to_stop_does_not_wait_for_requests_that_came_before(control):
    put(control, RELOAD, MainRequest(Diagnostics(), "k"), STOP, RELOAD)
    assert control.take(0) == STOP


def test_the_first_reason_to_stop_counts(control):
    put(control, "engine", STOP)
    assert [control.take(0), control.take(0)] == ["engine", "engine"]


def test_a_reload_that_comes_during_a_reload_is_another_one(control):
    put(control, RELOAD)
    assert control.take(0) == [RELOAD]
    put(control, RELOAD)
    assert control.take(0) == [RELOAD]
