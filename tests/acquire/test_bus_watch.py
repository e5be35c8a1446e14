import logging
from itertools import pairwise

import pytest
from smbus2 import i2c_msg

from drivers.base.errors import BusStuck
from drivers.base.i2c import BUDGET, I2CPort


@pytest.fixture
def chips(bus, chip):
    """A function: so many chips on the bus, each due every ten seconds."""

    def connect(count, every=10):
        found = [chip(transaction=0.001) for _ in range(count)]
        bus.connect(**{f"c{n}": (one, every) for n, one in enumerate(found)})
        return found

    return connect


def hang(chips, hung=True):
    for one in chips:
        one.hung = hung
        one.configured = one.configured and not hung


@pytest.mark.parametrize("count", [1, 2, 12, 58])
def test_all_devices_of_a_bus_that_hangs_say_so_within_five_seconds(bus, chips, count):
    all_of_them = chips(count, every=1)
    bus.run(5)
    hang(all_of_them)
    began = bus.clock.monotonic()
    bus.run(5)
    for n in range(count):
        stuck = [r for r in bus.readings if r.device == f"c{n}" and r.quality == "bus_stuck"]
        assert stuck
        assert stuck[0].moment.uptime / 1e6 - began <= 5


def test_a_device_that_converts_for_long_does_not_delay_the_report(bus, chip):
    slow, *others = found = [chip(conversion=c) for c in (4.5, 0.01, 0.01)]
    bus.connect(slow=(slow, 5), a=(others[0], 60), b=(others[1], 60)).run(41)
    hang(found)
    bus.inbox.put(("wake", "a"))
    began = bus.clock.monotonic()
    bus.run(5)
    stuck = {r.device: r.moment.uptime / 1e6 for r in bus.readings if r.quality == "bus_stuck"}
    assert stuck.keys() == {"slow", "a", "b"}
    assert max(stuck.values()) - began < 3.1


def test_on_a_bus_that_hangs_one_device_at_a_time_tries(bus, chips):
    all_of_them = chips(5)
    bus.run(5)
    hang(all_of_them)
    bus.run(20)
    for one in all_of_them:
        one.setups.clear()
    bus.run(100)
    tries = sorted(moment for one in all_of_them for moment in one.setups)
    assert 5 <= len(tries) <= 12
    assert min(b - a for a, b in pairwise(tries)) > 5
    assert all(one.setups for one in all_of_them)


def test_when_the_bus_moves_again_all_devices_are_measured_at_once(bus, chips, caplog):
    all_of_them = chips(12)
    bus.run(5)
    hang(all_of_them)
    bus.run(60)
    hang(all_of_them, False)
    bus.run(11)
    bus.readings.clear()
    bus.run(10)
    assert set(bus.qualities()) == {"good"}
    assert {r.device for r in bus.readings} == {f"c{n}" for n in range(12)}
    assert "the bus moves again" in caplog.text


def test_a_bus_that_hangs_takes_few_lines_of_the_log(bus, chips, caplog):
    all_of_them = chips(58)
    bus.run(5)
    hang(all_of_them)
    with caplog.at_level(logging.WARNING):
        bus.run(600)
        hang(all_of_them, False)
        bus.run(60)
    assert len(caplog.records) <= 6


def test_one_device_that_holds_the_bus_is_not_taken_for_the_bus(bus, chips):
    bad, *others = chips(6)
    bus.run(5)
    hang([bad])
    bus.run(300)
    assert set(bus.qualities("c0")[2:]) == {"bus_stuck"}
    for n in range(1, 6):
        assert set(bus.qualities(f"c{n}")) == {"good"}
        moments = bus.moments(f"c{n}")
        assert max(b - a for a, b in pairwise(moments)) < 13
    assert all(len(one.starts) >= 30 for one in others)


def test_a_single_time_out_of_a_bus_costs_no_reading(bus, chips):
    one, _ = chips(2)
    bus.run(5)
    hang([one])
    while not any(bus.clock.monotonic() - moment < 2 for moment in one.starts[1:]):
        bus.run(0.5)
    hang([one], False)
    bus.run(20)
    assert set(bus.qualities()) == {"good"}


class Stretching:
    """A bus whose chip stretches each transfer."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.transfers = clock, seconds, 0

    def i2c_rdwr(self, *messages):
        self.transfers += 1
        self.clock.advance(self.seconds)
        for message in messages:
            if message.flags & 1:
                message.buf[0] = b"\x01"


@pytest.mark.parametrize("seconds", [0.2, 0.9, 2.0])
def test_a_chip_cannot_hold_its_bus_for_longer_than_its_budget(clock, seconds):
    bus = Stretching(clock, seconds)
    port = I2CPort(bus, 0x44, "slow@i2c-1", now=clock.monotonic)
    with pytest.raises(BusStuck, match=r"slow@i2c-1:0x44: the chip held the bus for .* clock"):
        for _ in range(11):
            port.read(1)
    assert clock.monotonic() <= BUDGET + seconds


def test_a_chip_that_leaves_the_bus_between_transfers_may_stretch_each(clock):
    bus = Stretching(clock, 0.15)
    port = I2CPort(bus, 0x61, now=clock.monotonic)
    for _ in range(50):
        port.write(b"\x01")
        clock.advance(0.15)
    assert bus.transfers == 50


def test_the_port_reads_what_a_slow_chip_answers_within_its_budget(clock):
    assert I2CPort(Stretching(clock, 0.5), 0x61, now=clock.monotonic).read(1) == b"\x01"
    assert i2c_msg.read(0x61, 1).flags & 1
