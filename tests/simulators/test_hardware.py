from queue import SimpleQueue

import pytest

from simulators.bmp280 import BMP280
from simulators.clock import RealClock
from simulators.contact import Contact
from simulators.ds18b20 import DS18B20
from simulators.fault_kinds import FAULTS, W1_FAULTS
from simulators.hardware import SimulatedHardware
from simulators.relay import Relay
from simulators.scd4x import SCD4x
from simulators.scenario import PlannedFault, Scenario
from simulators.signals import Constant, Pulses, Ramp

ID = "28-0316a4c8ffee"
WARMING = Ramp(20, 30, lasts=100)
WHILE = {"at": 45, "lasts": 10}


class Door(Contact):
    """A contact that reports when it is moved."""

    def __init__(self, clock, pin):
        self.moves = SimpleQueue()
        super().__init__(clock, pin)

    def set(self, channel, value):
        super().set(channel, value)
        self.moves.put(value)


@pytest.fixture
def machine(clock):
    """A function: simulated hardware that begins when the clock already stands at 1000 s."""
    clock.advance(1000)
    return lambda faults=(), **signals: SimulatedHardware(
        clock, Scenario(signals={k.replace("_", "."): s for k, s in signals.items()}, faults=faults)
    )


def water(hardware):
    text = (hardware.w1(ID) / "w1_slave").read_text()
    return float(text.partition("t=")[2]) / 1000 if text else None


def at(clock, second):
    """Move the clock to a second of the scenario."""
    clock.advance(1000 + second - clock.monotonic())


def test_an_i2c_chip_finds_the_value_of_the_moment_at_which_its_bus_is_used(
    machine, clock, thermometer
):
    hardware = machine(air_temperature=WARMING)
    hardware.attach("air", thermometer, bus=1, address=0x76)
    found = []
    for second in (0, 50, 100):
        at(clock, second)
        found.append(int.from_bytes(hardware.i2c(1).read_i2c_block_data(0x76, 0, 2), "big"))
    assert found == pytest.approx([20_000, 25_000, 30_000], abs=1)


def test_a_chip_without_an_address_stands_at_its_first(machine, thermometer):
    hardware = machine()
    hardware.attach("air", thermometer, bus=3)
    assert hardware.buses() == (3,)
    hardware.i2c(3).write_quick(0x76)


def test_a_1_wire_chip_finds_the_value_of_the_moment_at_which_it_is_read(machine, clock):
    hardware = machine(water_temperature=WARMING)
    hardware.attach("water", DS18B20, id=ID)
    at(clock, 50)
    assert hardware.ids() == (ID,)
    assert water(hardware) == 25.0


def test_a_contact_moves_when_its_signal_does_and_only_then(machine, clock):
    hardware = machine(door_active=Pulses(every=60, lasts=5, at=10))
    door = hardware.attach("door", Door, pin=17)
    levels = []
    for second in range(20):
        at(clock, second)
        hardware.step()
        levels.append(hardware.pins().pin(17).state)
    assert levels == [True] * 10 + [False] * 5 + [True] * 5
    assert [door.moves.get(), door.moves.get(), door.moves.empty()] == [1, 0, True]


def test_a_model_takes_the_options_of_its_driver_that_describe_the_wiring(machine):
    hardware = machine()
    options = {"active_low": False, "debounce": 0.1}
    hardware.attach("door", Contact, pin=17, options=options)
    assert hardware.pins().pin(17).state is False


def test_a_relay_is_attached_like_a_sensor(machine):
    relay = machine().attach("fan", Relay, pin=22)
    assert relay.on is False


def test_the_truth_is_what_the_device_is_exposed_to_now(machine, clock, thermometer):
    hardware = machine(air_temperature=WARMING, air_humidity=Constant(40))
    hardware.attach("air", thermometer)
    at(clock, 50)
    assert hardware.truth("air") == {"temperature": 25.0, "humidity": 40.0}


def test_a_sensor_stands_in_the_air_of_the_barometer_that_it_computes_with(machine):
    hardware = machine()
    options = {"ambient_pressure_from": "attic.atmospheric_pressure"}
    sensor = hardware.attach("office", SCD4x, options=options)
    hardware.step()  # its barometer may be attached later
    hardware.attach("attic", BMP280)
    hardware.expose("attic", "atmospheric_pressure", 795.0)
    hardware.step()
    assert sensor.pressure == 795.0


def test_a_value_set_by_hand_stays(machine, clock, thermometer):
    hardware = machine(air_temperature=WARMING)
    hardware.attach("air", thermometer).set("temperature", -5)
    at(clock, 50)
    assert hardware.truth("air")["temperature"] == -5


def answers(hardware, address):
    try:
        hardware.i2c(1).write_quick(address)
    except OSError:
        return False
    return True


def test_a_chips_fault_begins_and_ends_in_scenario_time_and_affects_no_other_chip(
    machine, clock, thermometer
):
    hardware = machine([PlannedFault("no_answer", WHILE, device="air")])
    hardware.attach("air", thermometer, address=0x76)
    hardware.attach("attic", thermometer, address=0x77)
    found = []
    for second in (44.9, 45, 54.9, 55.1):
        at(clock, second)
        found.append((answers(hardware, 0x76), answers(hardware, 0x77)))
    assert found == [(True, True), (False, True), (False, True), (True, True)]


def test_a_fault_of_a_bus_affects_all_its_chips(machine, clock, thermometer):
    hardware = machine([PlannedFault("stuck_bus", WHILE, bus=1)])
    hardware.attach("air", thermometer, bus=1, address=0x76)
    hardware.attach("attic", thermometer, bus=1, address=0x77)
    hardware.attach("cellar", thermometer, bus=3, address=0x77)
    at(clock, 50)
    assert not answers(hardware, 0x76)
    hardware.i2c(3).write_quick(0x77)


def test_an_unplugged_1_wire_chip_comes_back(machine, clock):
    hardware = machine([PlannedFault("unplug", WHILE, device="water")], water_temperature=WARMING)
    hardware.attach("water", DS18B20, id=ID)
    found = []
    for second in (40, 50, 60):
        at(clock, second)
        found.append(water(hardware))
    assert found == [24.0, None, 26.0]


@pytest.mark.parametrize("kind", W1_FAULTS)
def test_every_1_wire_fault_shows_and_ends(machine, clock, kind):
    fault = PlannedFault(kind, WHILE, device="water")
    hardware = machine([fault], water_temperature=Constant(20))
    hardware.attach("water", DS18B20, id=ID)
    texts = []
    for second in (44, 45, 56):
        at(clock, second)
        texts.append((hardware.w1(ID) / "w1_slave").read_text())
    before, meanwhile, after = texts
    assert before == after != meanwhile


@pytest.mark.parametrize("kind", FAULTS)
def test_every_kind_of_fault_can_be_injected(machine, thermometer, kind):
    hardware = machine([PlannedFault(kind, {"at": 45}, device="air")])
    hardware.attach("air", thermometer)
    assert [fault.kind for fault, _ in hardware.struck()] == [kind]


def test_in_real_time_a_contact_moves_until_the_machine_is_closed():
    hardware = SimulatedHardware(
        RealClock(), Scenario(signals={"door.active": Pulses(every=0.2, lasts=0.1, at=0.1)})
    )
    door = hardware.attach("door", Door, pin=17)
    hardware.thread.start()
    assert [door.moves.get(timeout=60) for _ in range(3)] == [1, 0, 1]
    hardware.close()
    assert not hardware.thread._thread.is_alive()


def test_a_machine_that_was_never_started_closes_too(machine):
    machine().close()
