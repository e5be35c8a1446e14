import pytest

from drivers.base.driver import Identity
from drivers.base.errors import NotReady, WrongChip
from drivers.sgp41 import SGP41
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums
from simulators import sgp40, sgp41


class TestContract(FramesWithChecksums, I2CContract):
    driver = SGP41
    model = sgp41.SGP41
    patience = 62.0
    blind = dict.fromkeys(
        [
            "test_a_setting_that_another_program_changes_gives_no_wrong_value",
            "test_a_chip_exchanged_for_another_of_its_kind_gives_no_wrong_value",
            "test_a_chip_that_restarted_between_two_polls_gives_no_wrong_value",
            "test_a_brown_out_before_any_message_gives_no_wrong_value",
            "test_a_brown_out_is_no_harm_after_the_next_setup",
            "test_a_chip_put_back_without_a_setup_gives_no_wrong_value",
        ],
        SGP41.blind[0],
    )


@pytest.fixture
def bench(bench_of):
    bench = bench_of(SGP41, sgp41.SGP41)
    bench.setup()
    return bench


def conditionings(bench):
    written = [message.written for message in bench.bus.messages if message.written]
    return [data for data in written if data[:2] == b"\x26\x12"]


def test_the_chip_is_certain_by_its_feature_set(bench):
    assert bench.device.identify() == Identity("SGP41", certain=True)


def test_an_sgp40_is_refused(bench):
    bench.replace(sgp40.SGP40(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no SGP41: its feature set is 3220"):
        bench.setup()


def test_both_signals_are_measured(bench):
    bench.model.set("voc_raw", 31_234)
    bench.model.set("nox_raw", 15_432)
    assert bench.measure() == {"voc_raw": 31_234, "nox_raw": 15_432}


def test_the_chip_is_conditioned_for_ten_seconds_and_no_longer(bench):
    assert len(conditionings(bench)) == 10
    assert bench.clock.monotonic() == pytest.approx(60, abs=0.5)
    assert bench.model.compensation == pytest.approx((50, 25), abs=0.002)


def test_a_setup_broken_off_conditions_no_longer(bench_of):
    bench = bench_of(SGP41, sgp41.SGP41)
    for until in (6, 20):
        steps = bench.device.setup()
        while bench.clock.monotonic() < until:
            bench.sleep(next(steps))
        steps.close()
    bench.setup()
    assert len(conditionings(bench)) <= 11


def test_the_chip_gets_its_surroundings(bench_of):
    bench = bench_of(SGP41, sgp41.SGP41, humidity=70.0, temperature=-10.0)
    bench.read()
    assert bench.model.compensation == pytest.approx((70, -10), abs=0.002)


def test_a_missing_answer_is_not_taken_for_a_chip_that_is_not_there(bench):
    bench.model.slowness = 2
    with pytest.raises(NotReady, match="longest time"):
        bench.measure()
