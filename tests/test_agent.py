"""The composition root on simulated hardware, in this process."""

import json
import socket
import sqlite3
import threading
from contextlib import closing

import pytest

from drivers import scd4x
from edge_agent import agent
from edge_agent.agent import Agent
from edge_agent.assembly.control import RELOAD, STOP, Control, MainRequest
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.commands.simulation import simulated_hardware
from edge_agent.errors import LogError
from edge_agent.evaluate.commands.command import Diagnostics, Read, Reload
from edge_agent.events import Reading, Request
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from simulators import scd4x as simulated_scd4x
from tests.configurations import shed


class AgentThread:
    """An agent on its thread, with its messages to systemd and to the screen."""

    def __init__(self, directory, url, limit, more, control):
        config = directory / "shed.toml"
        config.write_text(shed(url, limit=limit) + more)
        self.log = directory / "shed.db"
        self.said, self.seen = [], []
        blueprint = resolve(config)
        self.hardware = simulated_hardware(blueprint, config)
        self.agent = Agent(
            blueprint,
            self.hardware,
            self.log,
            control=control,
            clock=SystemClock(),
            reread=lambda: blueprint,
            notify=self.said.append,
            watch=self.seen.append,
        )
        self.code = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        self.code = self.agent.run()

    def fan_is_on(self):
        return self.hardware.pins().pin(22).state

    def stop(self, item=STOP):
        self.agent.control.put(item)
        self.thread.join(60)
        assert not self.thread.is_alive()

    def events(self, kind):
        reader = LogReader(self.log)
        events = list(reader.read_after(0, 10_000))
        reader.close()
        return [(one.source, json.loads(one.data)) for one in events if one.kind == kind]


@pytest.fixture
def start_agent(tmp_path, port):
    """A function: start an agent on its thread; the end of the test stops it."""
    agents = []

    def start(url=f"mqtt://127.0.0.1:{port}", limit=10, more="", control=None):
        agents.append(AgentThread(tmp_path, url, limit, more, control or Control()))
        agents[-1].thread.start()
        return agents[-1]

    yield start
    for each in agents:
        each.stop()


def test_systemd_hears_ready_and_stopping(start_agent, wait_for):
    one = start_agent()
    wait_for(lambda: one.seen)
    one.stop()
    assert (one.said[0], one.said[-1], one.code) == ("READY=1", "STOPPING=1", 0)


def test_every_thread_feeds_the_watchdog(start_agent, wait_for, monkeypatch):
    monkeypatch.setattr(agent, "WATCH_SECONDS", 0.05)
    before = {thread.name for thread in threading.enumerate()}
    one = start_agent()
    wait_for(lambda: one.seen)

    def running():
        """Return its threads; they do not all start at once."""
        return {thread.name for thread in threading.enumerate()} - before - {one.thread.name}

    wait_for(lambda: set(one.agent._health._seen) == running())
    assert {"engine", "sink mqtt", "sink mqtt-connection", "recorder"} < running()


class BusyControl(Control):
    """Always has something to do for the main thread."""

    def take(self, wait):
        found = super().take(min(wait, 0.001))
        return [MainRequest(Read(device="none"), "busy")] if found == [] else found


def test_the_status_says_that_a_broker_cannot_say_that_it_refuses_an_event(
    start_agent, broker, wait_for, monkeypatch
):
    monkeypatch.setattr(agent, "WATCH_SECONDS", 0.05)
    one = start_agent(f'{broker.url}"\nversions = [4]\nclient_id = "a')
    said = wait_for(lambda: [text for text in one.said if text.startswith("STATUS=mqtt speaks")])
    assert "use a broker with MQTT 5" in said[0]


def test_a_busy_main_thread_feeds_the_watchdog(start_agent, wait_for, monkeypatch):
    monkeypatch.setattr(agent, "WATCH_SECONDS", 0.05)
    one = start_agent(control=BusyControl())
    wait_for(lambda: one.said.count("WATCHDOG=1") > 3)


NEVER_WRITTEN = {
    "a time that is a text": "time = 'noon'",
    "a time that cannot be": "time = -1",
    "no UTF-8": "data = CAST(x'FF' AS TEXT)",
}


def readings(one):
    return [post for post in one.seen if isinstance(post, Reading)]


@pytest.mark.parametrize("change", NEVER_WRITTEN.values(), ids=NEVER_WRITTEN)
def test_a_start_salvages_a_log_with_rows_that_cannot_be_though_it_was_sound_in_this_boot(
    start_agent, wait_for, change
):
    one = start_agent()
    wait_for(lambda: readings(one))
    one.stop()
    with closing(sqlite3.connect(one.log, isolation_level=None)) as log:
        log.execute(f"UPDATE event SET {change} WHERE kind IN ('reading', 'alert')")
    another = start_agent()
    wait_for(lambda: readings(another))
    another.stop()
    assert another.code == 0
    assert another.events("gap")[0][1]["reason"] == "damaged"


@pytest.mark.parametrize("data", ["{", "{}", '{"values":{"temperature":20}}'])
def test_a_start_leaves_out_rows_that_do_not_decode(start_agent, wait_for, data):
    one = start_agent()
    wait_for(lambda: readings(one))
    one.stop()
    with closing(sqlite3.connect(one.log, isolation_level=None)) as log:
        log.execute("UPDATE event SET data = ?", (data,))
        log.execute("UPDATE saved_state SET data = ?", (data,))
    another = start_agent()
    wait_for(lambda: readings(another))
    another.stop()
    assert another.code == 0


CO2 = """
[commands]
allow = ["calibrate"]
[[device]]
name = "office"
driver = "scd4x"
"""


def test_a_command_calibrates_a_sensor_and_the_log_says_how_it_ended(
    start_agent, wait_for, monkeypatch
):
    for module in (scd4x, simulated_scd4x):
        monkeypatch.setattr(module, "SETTLED", 0.0)
    one = start_agent(more=CO2)
    wait_for(lambda: one.seen)
    for device in ("office", "air"):
        payload = json.dumps({"device": device, "value": 420}).encode()
        one.agent._request(Request("calibrate", payload, "answers"))
    wait_for(lambda: [data for _, data in one.events("command") if data["state"] == "done"])
    one.stop()
    accepted, refused, done = (data for _, data in one.events("command"))
    assert (accepted["state"], refused["state"]) == ("accepted", "refused")
    assert refused["reason"] == "air cannot be calibrated by a command; can be: office"
    assert done["arguments"] == {"device": "office", "value": 420.0}
    assert done["result"]["correction"] < 0  # the model's air has 650 ppm


PRESSURE = 0xE000  # as an SCD4x holds it
COMPENSATED = """
[[device]]
name = "attic"
driver = "bmp280"
bus = 3
every = "100ms"
[[device]]
name = "office"
driver = "scd4x"
ambient_pressure_from = "attic.atmospheric_pressure"
"""


def test_a_sensor_computes_with_the_pressure_that_another_bus_measures(start_agent, wait_for):
    one = start_agent(more=COMPENSATED)
    one.hardware.expose("attic", "atmospheric_pressure", 900.0)
    wait_for(lambda: abs(one.hardware._models["office"]._held[PRESSURE] - 900) <= 1)
    one.stop()
    assert one.code == 0


def test_an_agent_goes_on_without_its_log_file(start_agent, wait_for):
    one = start_agent()
    wait_for(lambda: one.seen)
    one.log.rename(one.log.with_suffix(".away"))
    one.agent.control.put(MainRequest(Diagnostics(), "k"))
    one.agent.control.put(MainRequest(Reload(), "k"))
    seen = len(one.seen)
    wait_for(lambda: len(one.seen) > seen + 3)
    one.log.with_suffix(".away").rename(one.log)
    one.stop()
    assert one.code == 0


def test_a_stop_that_comes_before_the_start_is_a_clean_run(start_agent):
    control = Control()
    control.put(RELOAD)
    control.put(STOP)
    one = start_agent(control=control)
    one.thread.join(60)
    assert (one.said[0], one.said[-1], one.code) == ("READY=1", "STOPPING=1", 0)
    assert [data["what"] for _, data in one.events("lifecycle")] == ["started", "stopping"]


def test_a_thread_that_fails_ends_the_agent_with_everything_committed(start_agent, wait_for):
    one = start_agent()
    wait_for(lambda: len(one.seen) > 3)
    one.stop("engine")
    assert one.code == 1
    assert one.events("lifecycle")[-1][1]["what"] == "stopping"


def test_a_stop_on_a_full_disk_is_a_failure_and_the_next_start_has_everything(
    start_agent, wait_for, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    one = start_agent()
    wait_for(lambda: one.seen)
    log = one.agent._flow._recording._recorder._log
    log._connection = FullDisk(log._connection)
    one.stop()
    assert one.code == 1
    assert list(tmp_path.glob("*.spill"))
    again = start_agent()
    wait_for(lambda: again.seen)
    again.stop()
    notes = [data["what"] for _, data in again.events("lifecycle")]
    assert notes.index("stopping") < notes.index("spill_taken_in")
    assert again.code == 0


class FullDisk:
    """A connection to a database that has no room."""

    def __init__(self, connection):
        self._connection = connection

    def execute(self, sql, *parameters):
        if sql.startswith("BEGIN"):
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name):
        return getattr(self._connection, name)


def test_a_stop_does_not_wait_for_a_silent_broker(start_agent, wait_for):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = start_agent(f"mqtt://127.0.0.1:{silent.getsockname()[1]}")
        wait_for(lambda: one.seen)
        one.stop()
        assert one.code == 0


def test_an_output_follows_its_rule_and_ends_in_its_safe_state(start_agent, wait_for):
    one = start_agent()
    wait_for(one.fan_is_on)
    one.stop()
    assert [(name, data["value"], data["by"]) for name, data in one.events("output")] == [
        ("fan", 0.0, "safe"),
        ("fan", 1.0, "warm"),
        ("fan", 0.0, "safe"),
    ]


def test_an_alert_and_the_reading_that_caused_it_are_neighbours_in_the_log(start_agent, wait_for):
    one = start_agent()
    wait_for(lambda: any(hasattr(news, "rule") for news in one.seen))
    one.stop()
    reader = LogReader(one.log)
    kinds = [event.kind for event in reader.read_after(0, 100)]
    reader.close()
    assert kinds[kinds.index("alert") - 1] == "reading"


COUNTER = """
[[device]]
name = "rain"
driver = "pulse"
kind = "precipitation"
per_pulse = 0.5
pin = 5
every = "1s"
"""


def test_a_counter_continues_from_its_logged_total_after_a_restart(tmp_path, start_agent, wait_for):
    log = EventLog.open(tmp_path / "shed.db", boot="before")
    before = Reading("rain", SystemClock().now(), {"precipitation": 1000.5})
    with log.transaction():
        log.append([before.event()])
    log.close()
    one = start_agent(more=COUNTER)
    found = wait_for(lambda: [r for r in one.seen if getattr(r, "device", "") == "rain"])
    assert found[0].values["precipitation"] >= 1000.5


METER = """
[[device]]
name = "meter"
driver = "pulse"
kind = "count"
per_pulse = 1
debounce = 0
pin = 6
every = "1h"
[device.channel.count]
high = 5
"""


def counted(one):
    found = (r for r in one.seen if isinstance(r, Reading) and r.device == "meter")
    return [(r.quality, r.values or r.detail) for r in found]


def test_a_total_survives_a_stop_before_it_was_measured_and_a_refused_reading(
    start_agent, wait_for
):
    one = start_agent(more=METER)
    wait_for(lambda: counted(one))
    pin = one.hardware.pins().pin(6)
    for _ in range(20):
        pin.drive(False)
        pin.drive(True)
    one.stop()
    refused = start_agent(more=METER)
    wait_for(lambda: counted(refused))
    refused.stop()
    assert counted(refused)[0][1] == {"frequency": 0}
    one = start_agent(more=METER.replace("high = 5", "high = 50"))
    wait_for(lambda: counted(one))
    assert counted(one)[0] == ("good", {"count": 20, "frequency": 0})


def test_a_rule_that_was_firing_before_a_restart_does_not_fire_again(start_agent, wait_for):
    for _ in range(2):
        one = start_agent()
        wait_for(one.fan_is_on)
        one.stop()
    assert [data["state"] for _, data in one.events("alert")] == ["firing"]


def test_a_rule_that_ceased_while_the_agent_was_off_resolves(start_agent, wait_for):
    first = start_agent()
    wait_for(first.fan_is_on)
    first.stop()
    second = start_agent(limit=100)
    wait_for(lambda: any(getattr(news, "state", "") == "resolved" for news in second.seen))
    second.stop()
    assert [data["state"] for _, data in second.events("alert")] == ["firing", "resolved"]


def test_a_log_that_cannot_be_read_at_the_start_is_refused(tmp_path, port, monkeypatch):
    def fail(_reader):
        raise sqlite3.OperationalError("disk I/O error")

    one = AgentThread(tmp_path, f"mqtt://127.0.0.1:{port}", 10, "", Control())
    one.agent.stop()
    monkeypatch.setattr(LogReader, "saved_states", fail)
    with pytest.raises(LogError, match=r"shed\.db: disk I/O error: .*failing"):
        AgentThread(tmp_path, f"mqtt://127.0.0.1:{port}", 10, "", Control())
    monkeypatch.undo()
    AgentThread(tmp_path, f"mqtt://127.0.0.1:{port}", 10, "", Control()).agent.stop()


def test_a_log_that_another_agent_writes_is_refused(tmp_path, port):
    other = EventLog.open(tmp_path / "shed.db", boot="other")
    with pytest.raises(LogError, match="another edge-agent writes this log"):
        AgentThread(tmp_path, f"mqtt://127.0.0.1:{port}", 10, "", Control())
    other.close()
