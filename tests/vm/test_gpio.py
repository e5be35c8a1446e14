"""Contact, pulse counter and relays on real GPIO interrupts: gpiozero, lgpio and the kernel.

One board runs through the tests in order; its agent runs unless a test stops it.
"""

import json
import re
import threading

import pytest
from lab import guests
from lab.broker import Mosquitto, Subscriber
from lab.qtest import Pins, arguments
from lab.registry import HOST
from lab.waiting import eventually

DOOR, RAIN, SIREN, LAMP, BUSY = 5, 2, 6, 7, 4
PULSES = 100
TRACE = ("-trace", "pl061_set_output", "-D")  # every change of an output, however short
AGENT = "python3 /opt/agent/on_pins.py"
START = f"cd /tmp && {{ {AGENT} run pins.toml > agent.log 2>&1 & echo $! > agent.pid; }}"
CONFIG = f"""
node = "pins"
[mqtt]
url = "mqtt://{HOST}:PORT"
[log]
path = "/tmp/pins.db"
commit_interval = "100ms"
[[device]]
name = "door"
driver = "contact"
pin = {DOOR}
debounce = 0.3
[[device]]
name = "rain"
driver = "pulse"
pin = {RAIN}
kind = "count"
per_pulse = 1
every = "1s"
[[device]]
name = "gate"
driver = "contact"
pin = {BUSY}
[[output]]
name = "siren"
driver = "relay"
pin = {SIREN}
active_low = true
[[output]]
name = "lamp"
driver = "relay"
pin = {LAMP}
[[rule]]
name = "open"
when = "not door.active"
set = {{ siren = "on", lamp = "on" }}
"""


class Board:
    """A guest with its pins, and what its agent publishes."""

    def __init__(self, guest, pins, subscriber, trace):
        self.guest = guest
        self.pins = pins
        self._subscriber = subscriber
        self._trace = trace

    def events(self, source):
        bodies = [json.loads(body) for _topic, body, _ in list(self._subscriber.received)]
        return [body["data"] for body in bodies if body["subject"] == source]

    def values(self, source, channel):
        return [d["values"][channel] for d in self.events(source) if channel in d.get("values", {})]

    def transitions(self, pin):
        """Return every level that the guest has set on a pin, in order."""
        return [
            int(level) for level in re.findall(rf"output {pin} to ([01])", self._trace.read_text())
        ]

    def kill(self, signal):
        self.guest.run(f"kill -{signal} $(cat /tmp/agent.pid); wait $(cat /tmp/agent.pid) || true")

    def start(self):
        started = len(self.events("agent"))
        self.guest.run(START)
        eventually(lambda: len(self.events("agent")) > started)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Mosquitto(tmp_path_factory.mktemp("broker")).start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def board(broker, unpack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    subscriber = Subscriber(broker.port, "edge/pins/event/#")
    with guests.resume(
        guests.pins(), folder, *arguments(folder), *TRACE, str(folder / "trace")
    ) as guest:
        unpack(guest)
        guest.run(f"cat > /tmp/pins.toml << 'END'\n{CONFIG.replace('PORT', str(broker.port))}\nEND")
        with Pins(guest, folder) as pins:
            for pin, level in ((DOOR, 0), (RAIN, 1), (BUSY, 1)):
                pins.drive(pin, level)
            yield Board(guest, pins, subscriber, folder / "trace")
    subscriber.close()


def test_outputs_start_safe_without_a_click(board):
    """The line of an active-low relay never goes low, not even while it is claimed."""
    board.pins.drive(SIREN, 1)  # as the relay's resistor holds it; the PL061 starts at 0
    before = len(board.transitions(SIREN))
    board.guest.run(f"gpioset -m signal 0 {BUSY}=1 > /dev/null 2>&1 & echo $! > /tmp/busy.pid")
    board.guest.run(START)
    eventually(lambda: board.values("door", "active"))
    assert set(board.transitions(SIREN)[before:]) <= {1}
    assert board.pins.is_output(SIREN)
    assert board.pins.is_output(LAMP)
    assert (board.pins.level(SIREN), board.pins.level(LAMP)) == (1, 0)


def test_a_pin_that_another_program_holds_is_reported_and_the_rest_works(board):
    failed = eventually(lambda: [d for d in board.events("gate") if d["quality"] != "good"])
    assert "another program holds this pin" in failed[0]["detail"]
    board.guest.run("kill $(cat /tmp/busy.pid)")
    eventually(lambda: board.values("gate", "active"))


def test_a_change_of_a_contact_is_published_and_switches_the_relays(board):
    board.pins.drive(DOOR, 1)
    eventually(lambda: board.values("door", "active")[-1] == 0)
    eventually(lambda: (board.pins.level(SIREN), board.pins.level(LAMP)) == (0, 1))
    board.pins.drive(DOOR, 0)
    eventually(lambda: board.values("door", "active")[-1] == 1)
    eventually(lambda: (board.pins.level(SIREN), board.pins.level(LAMP)) == (1, 0))


def test_a_contact_that_bounces_changes_once(board):
    before = len(board.values("door", "active"))
    pause = threading.Event()
    for n in range(41):
        board.pins.drive(DOOR, (n + 1) & 1)
        pause.wait(0.01)  # each level is seen, and none lasts
    eventually(lambda: board.values("door", "active")[-1] == 0)
    board.pins.drive(DOOR, 0)
    eventually(lambda: board.values("door", "active")[-1] == 1)
    changes = board.values("door", "active")[before:]
    assert [a for a, b in zip(changes, [1, *changes], strict=False) if a != b] == [0, 1]


def test_every_pulse_is_counted_once(board, fact):
    pause, before = threading.Event(), board.values("rain", "count")[-1]
    for _ in range(PULSES):
        board.pins.drive(RAIN, 0)
        pause.wait(0.02)  # as fast as an emulated board can follow; a rain gauge is slower
        board.pins.drive(RAIN, 1)
        pause.wait(0.02)
    eventually(lambda: board.values("rain", "count")[-1] >= before + PULSES)
    seen = len(board.values("rain", "count"))
    eventually(lambda: len(board.values("rain", "count")) > seen)  # none counts twice, or late
    fact("pulses sent, and counted", [PULSES, board.values("rain", "count")[-1] - before])
    assert board.values("rain", "count")[-1] == before + PULSES


def test_a_stop_leaves_the_relays_safe(board):
    board.pins.drive(DOOR, 1)
    eventually(lambda: (board.pins.level(SIREN), board.pins.level(LAMP)) == (0, 1))
    board.kill("TERM")
    assert (board.pins.level(SIREN), board.pins.level(LAMP)) == (1, 0)


def test_after_a_kill_safe_switches_them_off(board, fact):
    board.start()
    eventually(lambda: (board.pins.level(SIREN), board.pins.level(LAMP)) == (0, 1))
    board.kill("KILL")
    left = [board.pins.level(SIREN), board.pins.level(LAMP)]
    fact("levels that the kernel leaves after a kill (siren, lamp), both on", left)
    board.guest.run(f"{AGENT} safe /tmp/pins.toml")
    assert (board.pins.level(SIREN), board.pins.level(LAMP)) == (1, 0)
