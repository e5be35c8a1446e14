"""A reload prepares everything that can fail; if a part fails, nothing that runs is touched."""

import json
import threading
from functools import partial
from queue import SimpleQueue

import paho.mqtt.client as paho
import pytest
from lab.broker import Subscriber

from edge_agent.assembly import reload as reloading
from edge_agent.assembly.control import RELOAD, STOP
from edge_agent.assembly.inboxes import EngineInbox
from edge_agent.errors import HardwareError
from edge_agent.evaluate.engine_items import NewParts, ShowAgain
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.events import Alert, Reading, Request
from edge_agent.store.reader import LogReader
from tests.assembly.running import Running
from tests.configurations import FAN, SOIL, warm


def test_a_missing_bus_refuses_the_reload_and_the_agent_continues(running, wait_for):
    running.missing = {3}
    running.reload(SOIL)
    wait_for(lambda: running.notes() == ["reload_refused"])
    count = len(running.seen)
    wait_for(lambda: len(running.seen) > count + 3)
    assert running.hardware.pins().pin(22).state
    running.missing = set()
    running.reload(SOIL)
    wait_for(lambda: running.notes() == ["reload_refused", "reloaded"])
    wait_for(lambda: any(isinstance(s, Reading) and s.device == "soil" for s in running.seen))
    assert running.stop() == 0
    assert json.loads(running.events("lifecycle")[-1].data)["what"] == "stopping"


def test_a_refused_reload_resolves_no_alert(running, wait_for):
    wait_for(lambda: running.events("alert"))
    running.missing = {3}
    running.reload(SOIL, without="> 10")
    wait_for(lambda: len(running.notes()) == 1)
    running.reload(SOIL.replace("soil", "earth"))
    wait_for(lambda: len(running.notes()) == 2)
    assert [json.loads(event.data)["state"] for event in running.events("alert")] == ["firing"]


BAROMETER = """
[[device]]
name = "attic"
driver = "bmp280"
bus = 3
every = "{attic}"
[[device]]
name = "office"
driver = "scd4x"
bus = 4
every = "{office}"
ambient_pressure_from = "attic.atmospheric_pressure"
"""
PRESSURE = 0xE000  # as an SCD4x holds it


def test_a_sensor_computes_with_its_barometer_whichever_of_both_a_reload_restarts(
    running, wait_for
):
    for attic, office, hectopascals in (
        ("100ms", "5s", 900.0),
        ("200ms", "5s", 950.0),
        ("200ms", "6s", 850.0),
    ):
        before = running.reload(BAROMETER.format(attic=attic, office=office))
        wait_for(lambda n=before: len(running.notes()) > n)
        running.hardware.expose("attic", "atmospheric_pressure", hectopascals)
        sensor = running.hardware._models["office"]
        wait_for(lambda chip=sensor, hpa=hectopascals: abs(chip._held[PRESSURE] - hpa) <= 1)
    assert running.notes() == ["reloaded"] * 3


def test_a_reload_that_changes_nothing_keeps_every_connection(running, wait_for, subscriber):
    sink = running.agent._flow.delivery._sinks["mqtt"]
    running.reload("")
    wait_for(lambda: running.notes() == ["reloaded"])
    assert running.agent._flow.delivery._sinks["mqtt"] is sink


def test_an_added_sink_starts_and_a_removed_one_holds_nothing_back(running, wait_for):
    archive = f'[[sink]]\nname = "archive"\nurl = "file://{running.archive}"\n'
    mqtt = running.agent._flow.delivery._sinks["mqtt"]
    running.reload(archive)
    wait_for(lambda: running.archive.exists() and running.archive.read_text().count("\n") > 3)
    account = running.accounts()["archive"]
    first = json.loads(running.archive.read_text().splitlines()[0])
    assert int(first["id"].split(":")[1]) == account.start + 1 > 1
    running.reload("")
    wait_for(lambda: not running.accounts()["archive"].configured)
    assert running.agent._flow.delivery._sinks == {"mqtt": mqtt}
    assert "sink archive" not in {thread.name for thread in threading.enumerate()}


def test_what_is_added_again_is_shown_again_to_who_subscribes_later(
    running, wait_for, subscriber, broker
):
    def retained():
        late = subscriber(broker.port, "edge/shed/#")
        wait_for(lambda: any(topic == "edge/shed/info" for topic, *_ in late))
        return {topic for topic, body, kept in late if kept and body}

    wait_for(lambda: "edge/shed/output/fan" in retained())
    running.reload("", without=FAN + warm())
    wait_for(lambda: "edge/shed/output/fan" not in retained())
    running.reload("")
    wait_for(lambda: "edge/shed/output/fan" in retained())


def test_what_vanished_from_the_configuration_vanishes_from_the_broker(
    running, wait_for, subscriber, broker
):
    def retained():
        late = subscriber(broker.port, "edge/shed/#")
        wait_for(lambda: any(topic == "edge/shed/info" for topic, *_ in late))
        return {topic for topic, body, kept in late if kept and body}

    wait_for(lambda: {"edge/shed/alert/warm", "edge/shed/output/fan"} <= retained())
    running.reload("", without=FAN + warm())
    wait_for(lambda: running.notes() == ["reloaded"])
    wait_for(lambda: retained().isdisjoint({"edge/shed/alert/warm", "edge/shed/output/fan"}))
    resolved = [one for one in running.seen if isinstance(one, Alert)][-1]
    assert (resolved.rule, resolved.state) == ("warm", "resolved")


def test_a_broker_that_a_reload_brings_learns_of_alerts_and_outputs(
    running, wait_for, subscriber, mosquitto
):
    wait_for(lambda: running.events("alert") and running.events("output"))
    other = mosquitto().start()
    running.url = other.url
    running.reload("")
    seen = subscriber(other.port, "edge/shed/#")
    wait_for(lambda: {"edge/shed/alert/warm", "edge/shed/output/fan"} <= {one[0] for one in seen})


def test_a_second_broker_learns_what_a_reload_changes_in_the_info(
    running, wait_for, subscriber, mosquitto
):
    other = mosquitto().start()
    cloud = f'[[sink]]\nname = "cloud"\nurl = "{other.url}"\nkinds = ["gap"]\n'
    running.reload(cloud)
    seen = subscriber(other.port, "edge/shed/#")
    wait_for(lambda: {topic for topic, *_ in seen} == {"edge/shed/info", "edge/shed/status"})
    running.reload(cloud + SOIL)
    wait_for(lambda: b"soil" in seen[-1][1])
    assert {topic for topic, *_ in seen} == {"edge/shed/info", "edge/shed/status"}


def test_what_vanished_with_a_restart_vanishes_from_the_broker_too(
    tmp_path, broker, wait_for, subscriber
):
    first = Running(tmp_path, broker.url)
    wait_for(lambda: first.events("alert"))
    first.stop()
    second = Running(tmp_path, broker.url, without=warm())
    wait_for(lambda: len(second.events("alert")) == 2)
    late = subscriber(broker.port, "edge/shed/#")
    wait_for(lambda: any(topic == "edge/shed/info" for topic, *_ in late))
    second.stop()
    assert json.loads(second.events("alert")[-1].data)["state"] == "resolved"
    final = subscriber(broker.port, "edge/shed/#")
    wait_for(lambda: any(topic == "edge/shed/info" for topic, *_ in final))
    assert "edge/shed/alert/warm" not in {topic for topic, body, _ in final if body}


def test_an_engine_that_does_not_answer_refuses_the_reload_instead_of_blocking_it(
    running, wait_for, monkeypatch
):
    monkeypatch.setattr(reloading, "ENGINE_SECONDS", 0.1)
    flow, taken = running.agent._flow, EngineInbox()
    real, flow.readings = flow.readings, taken
    problems = reloading.reload(flow, running._reread)
    flow.readings = real
    assert problems == ["the engine did not answer within 0 s"]
    offered = taken.get(timeout=1)
    assert isinstance(offered, NewParts)
    assert not offered.claim()


METER = """
[[device]]
name = "meter"
driver = "pulse"
pin = 5
kind = "count"
per_pulse = 1
debounce = 0
every = "50ms"
"""
BUTTON = METER.replace("meter", "door").replace("pin = 5", "pin = 6")


def test_a_count_neither_falls_nor_stops_whatever_reloads_do_to_its_counter(
    running, wait_for, monkeypatch
):
    def totals():
        found = [s for s in list(running.seen) if isinstance(s, Reading) and s.device == "meter"]
        assert {one.detail for one in found} <= {""}
        return [one.values["count"] for one in found]

    def count_on():
        """Pulse until the total has risen by five."""
        wait_for(totals)
        before = totals()[-1]
        wait_for(lambda: pulse() or totals()[-1] >= before + 5)

    def pulse():
        running.hardware.pins().pin(5).drive(False)
        running.hardware.pins().pin(5).drive(True)

    running.reload(METER)
    count_on()
    flow = running.agent._flow
    with monkeypatch.context() as slow:
        slow.setattr(reloading, "renew_engine", lambda *_: "the engine is stuck")
        running.write(METER + BUTTON)
        running.agent.control.put(RELOAD)
        wait_for(lambda: running.notes() == ["reloaded", "reload_refused"])
    count_on()
    running.reload("")
    wait_for(lambda: len(running.notes()) == 3)
    seen = len(totals())
    running.reload(METER)
    wait_for(lambda: len(totals()) > seen)
    count_on()
    assert flow.blueprint.devices[-1].name == "meter"
    assert totals() == sorted(totals())


def test_a_rule_that_a_reload_changes_does_not_get_its_old_state_back_at_the_next_restart(
    running, wait_for
):
    wait_for(lambda: running.events("alert"))
    running.reload("", without="> 10")  # no condition at all is refused
    wait_for(lambda: running.notes() == ["reload_refused"])
    running.write("")
    text = running.file.read_text().replace("> 10", "> 90")
    running.file.write_text(text)
    running.agent.control.put(RELOAD)
    wait_for(lambda: running.notes() == ["reload_refused", "reloaded"])
    running.stop()
    reader = LogReader(running.log)
    saved = json.loads(reader.saved_states()["rule/warm"])["state"]
    reader.close()
    assert saved.get("state", "inactive") == "inactive"


COMMANDED = """
[commands]
allow = ["threshold", "disable"]
"""
WARM = """
[[rule]]
name = "warm2"
when = "air.temperature > level"
threshold.level = { value = 10, low = 5, high = HIGH }
"""


def ask(running, name, **arguments):
    running.agent._flow.readings.put(Request(name, json.dumps(arguments).encode(), "answers"))


@pytest.mark.parametrize(("high", "kept"), [(25, {"level": 12}), (11, {})])
def test_a_reload_keeps_what_was_commanded_within_the_new_limits(running, wait_for, high, kept):
    def rule():
        reader = LogReader(running.log)
        try:
            state = json.loads(reader.saved_states()["rule/warm2"])["state"]
        finally:
            reader.close()
        return state["state"], state.get("thresholds", {})

    running.reload(COMMANDED + WARM.replace("HIGH", "30"))
    wait_for(lambda: len(running.events("alert")) == 2)
    ask(running, "threshold", rule="warm2", threshold="level", value=12)
    wait_for(lambda: rule() == ("firing", {"level": 12}))
    changed = WARM.replace("HIGH", str(high)).replace("when", 'message = "warm"\nwhen')
    running.reload(COMMANDED + changed)
    wait_for(lambda: running.notes() == ["reloaded"] * 2)
    wait_for(lambda: rule() == ("firing", kept))
    assert not [event for event in running.events("alert") if "resolved" in event.data]


def kept_at(broker, wait_for):
    """Return the retained topics of the agent at a broker; no client stays there."""
    late = Subscriber(broker.port)
    probe = paho.Client(paho.CallbackAPIVersion.VERSION2)
    probe.connect("127.0.0.1", broker.port)
    probe.loop_start()
    try:
        probe.publish("probe", b"", 1).wait_for_publish(60)
        wait_for(lambda: any(topic == "probe" for topic, *_ in late.received))
    finally:
        probe.disconnect()
        probe.loop_stop()
        late.close()
    return {t for t, body, kept in late.received if kept and body and t.startswith("edge/")}


def test_a_broker_that_a_reload_leaves_forgets_the_agent(running, wait_for, broker, mosquitto):
    wait_for(lambda: "edge/shed/alert/warm" in kept_at(broker, wait_for))
    other = mosquitto().start()
    running.url = other.url
    running.reload("")
    wait_for(lambda: running.notes() == ["reloaded"])
    assert kept_at(broker, wait_for) == set()
    everything = {"edge/shed/alert/warm", "edge/shed/output/fan", "edge/shed/status"}
    wait_for(lambda: everything < kept_at(other, wait_for))


def test_a_broker_that_a_reload_leaves_while_it_is_away_is_named(
    running, wait_for, broker, mosquitto, caplog
):
    wait_for(lambda: running.events("alert"))
    broker.kill()
    wait_for(lambda: "connection lost" in caplog.text)
    running.url = mosquitto().start().url
    running.reload("")
    wait_for(lambda: running.notes() == ["reloaded"])
    assert f"retained messages stay at 127.0.0.1:{broker.port}; `mosquitto_sub -h" in caplog.text
    assert f"-p {broker.port} -t 'edge/shed/#' --remove-retained" in caplog.text


def test_retained_false_clears_what_was_retained_before(running, wait_for, subscriber, broker):
    wait_for(lambda: "edge/shed/alert/warm" in kept_at(broker, wait_for))
    seen = subscriber(broker.port, "edge/shed/#")
    running.url = f'{broker.url}"\nretained = false\nclient_id = "other'
    running.reload("")
    wait_for(lambda: running.notes() == ["reloaded"])
    wait_for(lambda: kept_at(broker, wait_for) == set())
    wait_for(
        lambda: [body for topic, body, _ in seen if topic == "edge/shed/status"][-1] == b"online"
    )


def test_a_sink_that_a_reload_removes_leaves_what_another_one_shows(
    running, wait_for, broker, mosquitto
):
    other = mosquitto().start()
    sink = '[[sink]]\nname = "{}"\nurl = "{}"\nkinds = ["gap"]\n'
    cloud, twin = sink.format("cloud", other.url), sink.format("twin", broker.url)
    running.reload(cloud + twin)
    wait_for(lambda: "edge/shed/status" in kept_at(other, wait_for))
    running.reload("")
    wait_for(lambda: running.notes() == ["reloaded", "reloaded"])
    assert kept_at(other, wait_for) == set()
    assert {"edge/shed/info", "edge/shed/alert/warm"} <= kept_at(broker, wait_for)


def test_topics_that_a_reload_renames_leave_nothing_at_their_old_place(
    running, wait_for, broker, subscriber
):
    archive = f'[[sink]]\nname = "archive"\nurl = "file://{running.archive}"\n'
    running.reload(archive)
    wait_for(lambda: "edge/shed/alert/warm" in kept_at(broker, wait_for))
    seen = subscriber(broker.port, "site/#")
    running.url = f'{broker.url}"\ntopic = "site/{{node}}/v1'
    running.reload(archive)
    wait_for(lambda: running.notes() == ["reloaded", "reloaded"])
    assert kept_at(broker, wait_for) == set()
    parts = ("status", "info", "alert/warm", "output/fan", "event/reading/air", "state/air")
    wait_for(lambda: {f"site/shed/v1/{part}" for part in parts} <= {topic for topic, *_ in seen})


def test_another_node_needs_a_restart_and_leaves_retained_messages(running, wait_for):
    running.reload("", without='node = "shed"')
    wait_for(lambda: running.notes() == ["reload_refused"])
    problems = json.loads(running.events("lifecycle")[-1].data)["problems"]
    assert any("retained messages of 'shed' stay at the broker" in one for one in problems)


class Spied:
    """An output that notes that it is released."""

    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


def open_spied(opened, resolved):
    opened.append(Spied())
    return GuardedOutput(resolved.name, opened[-1])


MORE_FANS = """
[[output]]
name = "fan2"
pin = 23
[[output]]
name = "fan3"
pin = 24
"""


def test_a_reload_that_fails_late_releases_the_outputs_that_it_opened(
    running, wait_for, monkeypatch
):
    opened = []
    connect = partial(open_spied, opened)
    monkeypatch.setattr(running.agent._flow.outputs, "connect", connect)

    def missing(_devices):
        raise HardwareError("/dev/i2c-3: there is no such bus", "enable it")

    monkeypatch.setattr(running.agent._flow.buses, "prepare", missing)
    running.reload(MORE_FANS)
    wait_for(lambda: running.notes() == ["reload_refused"])
    assert [one.closed for one in opened] == [True, True]


def test_a_reload_that_the_engine_does_not_take_releases_the_outputs_that_it_opened(
    running, monkeypatch
):
    opened = []
    flow = running.agent._flow
    monkeypatch.setattr(flow.outputs, "connect", partial(open_spied, opened))
    monkeypatch.setattr(reloading, "ENGINE_SECONDS", 0.1)
    monkeypatch.setattr(flow, "readings", EngineInbox())
    running.write(MORE_FANS)
    assert reloading.reload(flow, running._reread) == ["the engine did not answer within 0 s"]
    assert [one.closed for one in opened] == [True, True]


def test_two_threads_never_use_one_driver_even_if_one_is_stuck(running, wait_for, monkeypatch):
    monkeypatch.setattr(reloading, "STOP_SECONDS", 0.1)
    (thread,) = running.agent._flow.buses._threads.values()
    driver = thread.devices[0].driver
    real, inside, most, free = driver.measure, [], [], threading.Event()

    def measure():
        inside.append(threading.get_ident())
        most.append(len(inside))
        free.wait()
        inside.pop()
        return real()

    monkeypatch.setattr(type(driver), "measure", lambda _self: measure())
    wait_for(lambda: inside)
    running.reload("", without='every = "50ms"')
    wait_for(lambda: running.notes() == ["reloaded"])
    running.reload("")
    wait_for(lambda: running.notes() == ["reloaded", "reloaded"])
    seen = len(running.seen)
    free.set()
    wait_for(lambda: len(running.seen) > seen + 3)
    assert max(most) == 1


@pytest.mark.parametrize("stuck", ["bus", "engine"])
def test_a_stop_ends_a_reload_that_is_stuck(running, wait_for, monkeypatch, stuck):
    monkeypatch.setattr(reloading, "STOP_SECONDS", 10_000 if stuck == "bus" else 0.1)
    monkeypatch.setattr(reloading, "ENGINE_SECONDS", 10_000)
    flow, free = running.agent._flow, threading.Event()
    retired, taken = flow.buses.retire, SimpleQueue()

    def retire(change, *more):
        taken.put(change)
        retired(change, *more)

    monkeypatch.setattr(flow.buses, "retire", retire)
    if stuck == "bus":
        (thread,) = flow.buses._threads.values()
        monkeypatch.setattr(type(thread.devices[0].driver), "measure", lambda _self: free.wait())
    else:
        flow.readings.put(ShowAgain(free.wait))
    running.reload("", without='every = "50ms"')
    taken.get(timeout=60)
    running.agent.control.put(STOP)
    running.thread.join(60)
    free.set()
    assert not running.thread.is_alive()
