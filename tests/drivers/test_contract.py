"""The contract itself: it catches a driver that checks too little."""

from itertools import pairwise

import pytest

from drivers.base.sensirion import temperature
from drivers.sht4x import SHT4x
from edge_agent.testing import Bench, I2CContract
from edge_agent.testing.bench import BusMessage
from edge_agent.testing.plausible import VALUES, register_writes, registers
from edge_agent.testing.share import MOST, chosen
from simulators import sht4x


class Gullible(SHT4x):
    """Reads as an SHT4x does, but looks at no checksum."""

    def measure(self):
        self._port.write(self._precision.command)
        yield self._precision.seconds
        frame = self._port.read(6)
        percent = -6 + 125 * int.from_bytes(frame[3:5]) / 65535
        return {"temperature": temperature(int.from_bytes(frame[:2])), "humidity": percent}


class Contract(I2CContract):
    driver = Gullible
    model = sht4x.SHT4x


@pytest.fixture
def contract():
    return Contract()


def test_a_driver_that_checks_nothing_is_right_as_long_as_nothing_goes_wrong(contract):
    contract.test_a_measurement_is_of_its_own_moment(contract.fresh())


@pytest.mark.parametrize(
    "claim",
    [
        lambda contract: contract.test_an_inverted_bit_gives_no_wrong_value(every=False),
        lambda contract: contract.test_an_inverted_bit_at_a_measurement_gives_no_wrong_value(
            every=False
        ),
        lambda contract: contract.test_one_dead_frame_gives_no_wrong_value(ones=True),
    ],
    ids=["a bit of a read", "a bit of a measurement", "a dead frame"],
)
def test_a_driver_that_ignores_checksums_breaks_the_claim(contract, claim):
    with pytest.raises(AssertionError):
        claim(contract)


def test_every_bit_of_every_read_is_counted():
    bench = Bench(SHT4x, sht4x.SHT4x).expose()
    assert [message.bits for message in bench.exchanged(bench.read, reads_only=True)] == [48, 48]


@pytest.mark.parametrize("count", [0, 1, MOST - 1, MOST])
def test_few_cases_are_all_chosen(count):
    assert chosen(range(count), every=False) == list(range(count))


@pytest.mark.parametrize("count", [MOST + 1, 2 * MOST, 2456])
def test_of_many_cases_some_are_chosen_from_the_first_to_the_last(count):
    cases = chosen(range(count), every=False)
    assert len(set(cases)) == MOST
    assert (cases[0], cases[-1]) == (0, count - 1)
    widest = max(after - before for before, after in pairwise(cases))
    assert widest <= count // (MOST - 1) + 1


def test_at_night_every_case_is_chosen():
    assert chosen(range(2456), every=True) == list(range(2456))


def test_another_program_writes_every_register_and_every_value_to_those_of_the_driver():
    written = list(register_writes({0x10}))
    assert {data[0] for data in written} == set(range(256))
    assert {data[1] for data in written if data[0] == 0x10} >= set(VALUES)
    assert len(written) == 3 * (255 + len(VALUES))


def test_a_drivers_registers_are_those_that_it_writes_from_its_first_byte_on():
    sent = [b"\xfd", b"\xff\x01\x02", b"", None]
    messages = [BusMessage(0.0, 8 * len(data or b""), data) for data in sent]
    assert registers(messages) == {0xFD, 0xFF, 0x00}
