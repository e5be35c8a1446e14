"""A whole agent whose second bus hangs: its pins switch, become safe, and are reloaded."""

import json
import threading

import pytest

from edge_agent.agent import Agent
from edge_agent.assembly import flow as flows
from edge_agent.assembly.control import RELOAD, STOP, Control
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.commands.simulation import attach, simulated_hardware
from edge_agent.evaluate import engine as engines
from edge_agent.store.reader import LogReader
from tests.configurations import SOIL, shed

HUNG = 7  # the bus that hangs
SENSOR = SOIL.replace("bus = 3", f"bus = {HUNG}")


def outputs_on(bus, count=8):
    """Return the tables of outputs on an expander, all of them safe when on."""
    return "".join(
        f'[[output]]\nname = "valve{n}"\ndriver = "mcp23017_output"\nbus = {bus}\npin = {n}\n'
        'safe = "on"\n'
        for n in range(count)
    )


class Gated:
    """A bus that stops in the middle of each transfer while its gate is closed."""

    def __init__(self, bus, gate):
        self._bus = bus
        self._gate = gate

    def __getattr__(self, name):
        return getattr(self._bus, name)

    def i2c_rdwr(self, *messages):
        self._gate.wait(60)
        self._bus.i2c_rdwr(*messages)


class Running:
    """An agent on its thread, with outputs and a sensor on the bus that hangs."""

    def __init__(self, directory, url):
        self.file, self.log = directory / "shed.toml", directory / "shed.db"
        self.url = url
        self.gate = threading.Event()
        self.write(outputs_on(HUNG) + SENSOR)
        self.hardware = simulated_hardware(resolve(self.file), self.file)
        real = self.hardware.i2c
        self.hardware.i2c = lambda n: Gated(real(n), self.gate) if n == HUNG else real(n)
        self.start()

    def start(self):
        self.agent = Agent(
            resolve(self.file),
            self.hardware,
            self.log,
            control=Control(),
            clock=SystemClock(),
            reread=self._reread,
        )
        self.code = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        self.code = self.agent.run()

    def _reread(self):
        new = resolve(self.file)
        attach(self.hardware, new)
        return new

    def write(self, more):
        self.file.write_text(shed(self.url) + more)

    def fan_is_on(self):
        return self.hardware.pins().pin(22).state

    def events(self, kind):
        reader = LogReader(self.log)
        try:
            found = [event for event in reader.events_after(0) if event.kind == kind]
        finally:
            reader.close()
        return [(event.source, json.loads(event.data)) for event in found]

    def alerts(self, name):
        return [data["state"] for source, data in self.events("alert") if source == name]

    def valves(self, bus=HUNG):
        return {self.hardware.i2c(bus).chip(0x20).level(n) for n in range(8)}

    def stop(self):
        self.agent.control.put(STOP)
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.code


@pytest.fixture
def running(tmp_path, port, monkeypatch):
    monkeypatch.setattr(engines, "SAFE_SECONDS", 0.3)  # nothing here becomes safe by waiting
    monkeypatch.setattr(flows, "AFTER_BUSES", 4.2)  # of 4.5 s
    one = Running(tmp_path, f"mqtt://127.0.0.1:{port}")
    yield one
    if one.thread.is_alive():
        one.stop()
    one.gate.set()


def test_beside_a_hung_bus_a_pin_switches_and_each_output_of_the_bus_is_an_alert(running, wait_for):
    wait_for(running.fan_is_on)
    wait_for(lambda: running.alerts("output-valve7") == ["firing"])
    failed = [(source, data) for source, data in running.events("output") if "error" in data]
    assert {source for source, _ in failed} == {f"valve{n}" for n in range(8)}
    assert all("i2c-7 does not answer" in data["error"] for _, data in failed)


def test_at_a_stop_a_pin_is_safe_although_a_bus_hangs_and_the_rest_is_reported(
    running, wait_for, monkeypatch, caplog
):
    wait_for(running.fan_is_on)
    buses = running.agent._flow.buses
    stop = buses.stop

    def stop_when_safe(deadline):
        wait_for(lambda: not running.fan_is_on())
        stop(deadline)

    monkeypatch.setattr(buses, "stop", stop_when_safe)  # a device on the bus hangs, too
    assert running.stop() == 3
    assert ("fan", {"value": 0.0, "by": "safe"}) in running.events("output")[-9:]
    assert running.alerts("output-valve0") == ["firing"]
    for n in range(8):
        what = f"output valve{n} could not be made safe; the next start tries it first"
        assert what in caplog.text


def test_the_next_start_makes_safe_what_hung_and_resolves_its_alert(running, wait_for):
    wait_for(lambda: running.alerts("output-valve0"))
    assert running.stop() == 3
    running.gate.set()
    running.start()
    wait_for(lambda: running.alerts("output-valve0") == ["firing", "resolved"])
    assert running.valves() == {True}
    assert running.stop() == 0


def test_outputs_of_a_bus_that_works_are_safe_and_released_at_a_stop(
    running, wait_for, monkeypatch
):
    running.gate.set()
    wait_for(lambda: running.fan_is_on() and running.valves() == {True})
    monkeypatch.setattr(engines, "SAFE_SECONDS", 60)
    assert running.stop() == 0
    assert running.valves() == {None}


def test_a_reload_adds_and_removes_outputs_on_a_bus_that_hangs(running, wait_for):
    wait_for(running.fan_is_on)
    running.write(outputs_on(HUNG, count=4).replace("pin = 3", "pin = 12") + SENSOR)
    running.agent.control.put(RELOAD)
    wait_for(lambda: ("agent", {"what": "reloaded"}) in running.events("lifecycle"))
    assert running.fan_is_on()
    wait_for(lambda: running.alerts("output-valve3"))  # before the reload and after it, perhaps
    running.gate.set()
    wait_for(lambda: running.alerts("output-valve3")[-1] == "resolved")
    level = running.hardware.i2c(HUNG).chip(0x20).level
    wait_for(lambda: [level(n) for n in (0, 1, 2, 12)] == [True] * 4)
    wait_for(lambda: [level(n) for n in (3, 4, 5, 6, 7)] == [None] * 5)


def test_a_reload_brings_outputs_on_a_bus_that_had_none(running, wait_for):
    running.gate.set()
    running.write(outputs_on(HUNG) + SENSOR + outputs_on(3).replace('"valve', '"tap'))
    running.agent.control.put(RELOAD)
    wait_for(lambda: ("tap7", {"value": 1.0, "by": "safe"}) in running.events("output"))
    assert running.valves(3) == {True}
