import errno
import os

import pytest

from drivers.base.driver import Identity
from drivers.base.errors import BusStuck, WrongChip
from edge_agent.acquire.scan import Claim, Found, scan


class Bus:
    """Answers at some addresses; notes which were written to and which were read."""

    def __init__(self, *present):
        self.present = present
        self.written, self.read = [], []

    def i2c_rdwr(self, *messages):
        for message in messages:
            (self.read if message.flags & 1 else self.written).append(
                (message.addr, bytes(message))
            )
            if message.addr not in self.present:
                raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))


class Machine:
    def __init__(self, bus, claimed=()):
        self.bus, self._claimed = bus, dict(claimed)

    def i2c(self, number):
        return self.bus

    def claimed(self, number, address):
        return self._claimed.get(address, "")

    def instead(self, number, address):
        return f'driver = "iio", device = "{self._claimed[address]}"'


def chip(identity, *addresses):
    """A driver's class whose chip says `identity`, or raises it."""

    class Driver:
        def __init__(self, port):
            self.port = port

        def identify(self):
            if isinstance(identity, Exception):
                raise identity
            return identity

    Driver.addresses = addresses
    return Driver


SURE, GUESS = Identity("BME280", certain=True), Identity("BH1750", certain=False)


def look(bus, drivers=None, claimed=()):
    return list(scan(Machine(bus, claimed), 1, drivers or {}))


def test_only_addresses_that_answer_are_found():
    assert look(Bus(0x23, 0x76)) == [Found(1, 0x23), Found(1, 0x76)]


def test_a_chip_that_identifies_itself_leaves_no_room_for_guesses():
    drivers = {"guess": chip(GUESS, 0x76), "sure": chip(SURE, 0x76)}
    (found,) = look(Bus(0x76), drivers)
    assert found.claims == (Claim("sure", "BME280", certain=True),)


def test_all_guesses_are_listed_if_no_driver_is_certain():
    drivers = {"one": chip(GUESS, 0x23), "two": chip(GUESS, 0x23, 0x5C), "far": chip(GUESS, 0x5C)}
    (found,) = look(Bus(0x23), drivers)
    assert [claim.driver for claim in found.claims] == ["one", "two"]


@pytest.mark.parametrize("answer", [None, WrongChip("x", "another")])
def test_a_driver_whose_chip_it_is_not_claims_nothing(answer):
    (found,) = look(Bus(0x76), {"not_me": chip(answer, 0x76)})
    assert found.claims == ()


def test_a_driver_without_addresses_is_not_asked():
    class Contact:
        """A pin has no address."""

    assert look(Bus(0x23), {"contact": Contact}) == [Found(1, 0x23)]


def test_an_output_that_cannot_identify_its_chip_is_not_asked():
    inputs = chip(Identity("MCP23017", certain=False), 0x20)

    class Output:
        """One pin of the same chip."""

        addresses = (0x20,)

    (found,) = look(Bus(0x20), {"output": Output, "inputs": inputs})
    assert [claim.driver for claim in found.claims] == ["inputs"]


def test_what_the_kernel_drives_is_reported_and_not_touched():
    bus = Bus(0x76)
    assert look(bus, claimed={0x76: "bmp280"}) == [
        Found(1, 0x76, kernel="bmp280", instead='driver = "iio", device = "bmp280"')
    ]
    assert 0x76 not in {address for address, _ in bus.written + bus.read}


def test_eeproms_are_read_from_and_nothing_but_an_empty_write_reaches_the_others():
    bus = Bus()
    look(bus)
    assert {address for address, _ in bus.read} == {*range(0x30, 0x38), *range(0x50, 0x60)}
    assert {data for _, data in bus.written} == {b""}
    assert min(bus.written)[0] == 0x08
    assert max(bus.written)[0] == 0x77


def test_a_stuck_bus_ends_the_scan_with_its_own_error():
    class Stuck:
        def i2c_rdwr(self, *messages):
            raise OSError(errno.ETIMEDOUT, "stuck")

    with pytest.raises(BusStuck):
        look(Stuck())


def test_a_sensor_that_cannot_identify_its_chip_is_a_guess():
    class PlugIn:
        """It passes the contract, which asks for no `identify`."""

        bus, addresses = "i2c", (0x40,)

        def measure(self):
            """Make it a sensor."""

    (found,) = look(Bus(0x40), {"mine": PlugIn})
    assert found.claims == (Claim("mine", "mine", certain=False),)
