import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.sps30 import SPS30
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums
from simulators import mpu6050, sps30


class TestContract(FramesWithChecksums, I2CContract):
    driver = SPS30
    model = sps30.SPS30
    settle = 1.1
    patience = 40.0


class TestContractOfAllChannels(TestContract):
    options = {"counts": True, "auto_cleaning_interval": 86_400}


@pytest.fixture
def bench(bench_of):
    return bench_of(SPS30, sps30.SPS30, settle=1.1)


def test_the_chip_is_certain_by_its_name(bench):
    assert bench.device.identify() == Identity("SPS30", certain=True)
    bench.model.names = "00080001"
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its name is '00080001'"):
        bench.setup()


def test_an_mpu6050_at_its_address_is_left_as_it_was(bench):
    other = mpu6050.MPU6050(bench.clock)
    bench.replace(other)
    before = bytes(other._registers)
    assert bench.device.identify() is None
    assert bytes(other._registers)[:0x76] == before[:0x76]


def test_a_firmware_without_a_status_is_refused(bench):
    bench.model.version = 0x0100
    with pytest.raises(WrongChip, match=r"firmware 1\.0 does not say what has failed"):
        bench.setup()


@pytest.mark.parametrize(
    "bit, words",
    [(4, "fan does not turn"), (5, "laser has failed"), (21, "too fast or too slowly")],
)
def test_a_part_that_fails_leaves_no_value(bench, bit, words):
    bench.setup()
    bench.model.status = 1 << bit
    with pytest.raises(NotReady, match=words):
        bench.measure()
    assert not bench.wrong(bench.read())  # a reset clears what is over


def test_its_fan_blows_for_half_a_minute_before_the_first_value(bench):
    bench.setup()
    assert bench.clock.monotonic() - bench.model._began >= 30


def test_one_that_sleeps_is_woken(bench):
    bench.model.write(b"\x10\x01")
    assert not bench.wrong(bench.read())


def test_while_it_cleans_its_fan_it_has_no_value(bench):
    bench.setup()
    bench.model.write(b"\x56\x07")
    bench.settled()
    with pytest.raises(NotReady, match="while it cleans its fan"):
        bench.measure()
    bench.sleep(10)
    assert not bench.wrong(bench.measure())


def test_a_cleaning_interval_is_written_once(bench_of):
    bench = bench_of(SPS30, sps30.SPS30, settle=1.1, auto_cleaning_interval=172_800)
    bench.setup()
    assert bench.model.interval == 172_800
    begin = len(bench.bus.messages)
    bench.setup()
    assert b"\x80\x04" not in {one.written[:2] for one in bench.bus.messages[begin:]
                               if one.written and len(one.written) > 2}  # fmt: skip


def test_without_the_option_a_cleaning_interval_stays(bench):
    bench.model.interval = 1234
    bench.read()
    assert bench.model.interval == 1234


class Stubborn(sps30.SPS30):
    """A sensor that keeps its interval, whatever it is asked."""

    interval = property(lambda _: 9, lambda _, value: None)


def test_an_interval_that_it_does_not_take_is_no_setup(bench_of):
    bench = bench_of(SPS30, Stubborn, auto_cleaning_interval=10)
    with pytest.raises(LostConfiguration, match="auto_cleaning_interval is 9 instead of 10"):
        bench.setup()


@pytest.mark.parametrize("seconds", [-1, 31_536_001])
def test_an_interval_beyond_a_year_is_refused(bench_of, seconds):
    with pytest.raises(ValueError, match="auto_cleaning_interval"):
        bench_of(SPS30, sps30.SPS30, auto_cleaning_interval=seconds)
