"""The engine and outputs on a bus: what it shows and records, and how it ends."""

import threading
from queue import SimpleQueue

import pytest

from edge_agent.clock import SystemClock
from edge_agent.evaluate import engine as engines
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.engine_items import MakeSafe
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.outputs.output_bus import OutputBus
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.events import Alert, Event, Reading, Switched

BOTH = {"pin": 1.0, "slow": 1.0}


@pytest.fixture
def engine(stepped, rule, bus):
    """An engine with an output on a pin, and one on a bus."""
    return stepped([rule(settings=BOTH)], outputs=("slow", "pin"), switchers={"slow": bus})


def work(engine, bus):
    """Let the bus work, and the engine take its results."""
    for result in bus.work(engine.clock.now()):
        engine.inbox.put(result)
    engine.take()


def outputs(engine):
    found = [one for one in engine.shown if isinstance(one, Switched)]
    return [(one.moment.uptime / 1e6, one.output, one.value, one.error) for one in found]


def test_a_pin_switches_with_its_reading_and_a_bus_when_it_can(engine, bus):
    work(engine, bus)
    engine.clock.advance(1)
    engine.measure(t=31)
    engine.clock.advance(0.5)
    work(engine, bus)
    assert outputs(engine)[2:] == [(1, "pin", 1, ""), (1.5, "slow", 1, "")]
    assert engine.batches[-2:] == [
        [("reading", "air"), ("alert", "hot"), ("output", "pin")],
        [("output", "slow")],
    ]


def test_an_output_that_is_late_is_reported_on_time_and_the_engine_does_not_spin(engine, bus):
    engine.wait(0.5)
    waits = []
    real = engine.engine.wait
    engine.engine.wait = lambda: waits.append(real()) or waits[-1]
    engine.wait(3)
    late = "not switched within 1 s: i2c-1 does not answer"
    assert outputs(engine) == [(0, "pin", 0, ""), (1, "slow", 0, late)]
    assert len(waits) < 10


def test_an_output_that_cannot_be_made_safe_is_an_event_and_an_alert_until_it_is(engine, bus):
    work(engine, bus)
    engine.measure(t=31)
    work(engine, bus)
    engine.relays["slow"].error = OSError("stuck")
    engine.measure(t=20)
    work(engine, bus)
    firing, failed, *_ = engine.recorded[-1]
    assert (firing.kind, firing.source, firing.data["state"]) == ("alert", "output-slow", "firing")
    assert firing.data["message"] == "slow could not be made safe: stuck"
    assert (failed.kind, failed.data["error"]) == ("output", "stuck")
    assert bus.settings == []  # it is tried again with the next second, not at once
    engine.relays["slow"].error = None
    engine.wait(1.1)
    work(engine, bus)
    shown = [one for one in engine.shown if isinstance(one, Alert) and one.rule == "output-slow"]
    assert [one.state for one in shown] == ["firing", "resolved"]


def test_what_waits_for_another_output_to_be_off_follows_as_soon_as_it_is(stepped, rule, bus):
    guards = {"slow": Guard(interlock=frozenset({"pin"}))}
    hot = rule(settings={"slow": 1.0})
    cold = rule("air.t < 10", name="cold", settings={"pin": 1.0})
    engine = stepped([hot, cold], outputs=("slow", "pin"), guards=guards, switchers={"slow": bus})
    work(engine, bus)
    engine.measure(t=31)
    work(engine, bus)
    engine.measure(t=5)
    assert engine.relays["pin"].applied == [0.0]
    work(engine, bus)
    assert engine.relays["pin"].applied == [0.0, 1.0]


def test_once_the_agent_stops_outputs_are_safe_and_readings_are_still_evaluated(engine, bus):
    work(engine, bus)
    engine.measure(t=31)
    engine.inbox.put(MakeSafe())
    engine.take()
    assert engine.relays["pin"].applied == [0.0, 1.0, 0.0]
    engine.measure(t=20)
    engine.measure(t=31)
    engine.wait(2)
    assert engine.relays["pin"].applied == [0.0, 1.0, 0.0]
    assert [state for _, _, state in engine.alerts] == ["firing", "resolved", "firing"]


class Hanging:
    """A driver that hangs, once `hung` is set, until `free` is set."""

    def __init__(self):
        self.hung, self.free, self.value = threading.Event(), threading.Event(), 0.0

    def apply(self, value):
        if self.hung.is_set():
            self.free.wait(60)
        self.value = value

    def state(self):
        return self.value

    def close(self):
        pass


@pytest.fixture
def ended(parts, rule, relay, monkeypatch, wait_for):
    """A function: end an engine in a thread, one of whose outputs hangs or not."""
    drivers = []

    def end(last, *, hangs):
        monkeypatch.setattr(engines, "SAFE_SECONDS", 0.2 if hangs else 60)
        inbox, recorded, unsafe, slow = SimpleQueue(), [], [], Hanging()
        drivers.append(slow)
        bus = OutputBus("i2c-1", inbox.put, SystemClock())
        given = [GuardedOutput("slow", slow, Guard(), bus), GuardedOutput("pin", relay)]
        engine = Engine(
            inbox,
            parts({"air": DevicePlan({}, 10.0)}, [rule(settings=BOTH)], outputs=given),
            answer=lambda answer: None,
            record=recorded.extend,
            show=lambda news: None,
            clock=SystemClock(),
            unsafe=unsafe.append,
        )
        threads = [threading.Thread(target=one) for one in (bus.run, engine.run)]
        for thread in threads:
            thread.start()
        inbox.put(Reading("air", SystemClock().now(), {"t": 31}))
        wait_for(lambda: slow.value == 1.0)
        if hangs:
            slow.hung.set()
        inbox.put(last)
        threads[1].join(60)
        bus.stop()
        slow.free.set()
        threads[0].join(60)
        assert not any(thread.is_alive() for thread in threads)
        events = [one for one in recorded if isinstance(one, Event)]
        return events, unsafe

    yield end
    for driver in drivers:
        driver.free.set()


def test_at_the_end_the_engine_waits_until_a_bus_has_made_its_outputs_safe(ended, relay):
    events, unsafe = ended(None, hangs=False)
    assert (relay.applied[-1], relay.closed, unsafe) == (0.0, True, [])
    assert {(one.source, one.data["value"]) for one in events[-2:]} == {("pin", 0), ("slow", 0)}


def test_an_output_on_a_hung_bus_keeps_no_pin_from_being_safe_and_is_reported(ended, relay):
    events, unsafe = ended(None, hangs=True)
    assert (relay.applied[-1], relay.closed, unsafe) == (0.0, True, ["slow"])
    pin, alert, slow = events[-3:]
    assert (pin.source, pin.data) == ("pin", {"value": 0.0, "by": "safe"})
    assert (alert.kind, alert.source) == ("alert", "output-slow")
    assert "i2c-1 does not answer" in slow.data["error"]
