"""The contract itself: it catches a driver that checks too little."""

import pytest

from drivers.base.sensirion import temperature
from drivers.sht4x import SHT4x
from edge_agent.testing import Bench, I2CContract
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
        Contract.test_an_inverted_bit_gives_no_wrong_value,
        Contract.test_an_inverted_bit_at_a_measurement_gives_no_wrong_value,
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
