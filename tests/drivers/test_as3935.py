import pytest
import sparkfun_qwiicas3935 as witness

from drivers.as3935 import AS3935
from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from edge_agent.testing import I2CContract
from simulators import as3935

NO_CONVERSION = "it converts nothing: what it holds stands until the next strike"


class TestContract(I2CContract):
    driver = AS3935
    model = as3935.AS3935
    blind = {
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_CONVERSION,
    }


def test_sparkfuns_driver_reads_what_we_read_and_what_is(busio_of, bench_of, monkeypatch):
    monkeypatch.setattr(witness, "sleep", lambda _: None)
    bench = bench_of(AS3935, as3935.AS3935, indoor=False, noise_level=4, capacitance=40)
    bench.read()
    theirs = witness.Sparkfun_QwiicAS3935_I2C(busio_of(bench.bus))
    assert theirs.connected
    assert (theirs.indoor_outdoor, theirs.noise_level, theirs.tune_cap) == (theirs.OUTDOOR, 4, 40)
    for kilometres in as3935.STEPS[1:]:
        bench.model.set("distance", 1000 * kilometres)
        bench.model.strike(4321 * kilometres)
        assert theirs.read_interrupt_register() == theirs.LIGHTNING
        assert theirs.distance_to_storm == kilometres
        assert theirs.lightning_energy == 4321 * kilometres
        assert bench.measure()["distance"] == 1000 * kilometres


@pytest.fixture
def bench(bench_of):
    return bench_of(AS3935, as3935.AS3935)


def test_a_chip_without_identification_is_possible_only(bench):
    assert bench.device.identify() == Identity("AS3935", certain=False)


def test_each_strike_counts_once_and_none_is_lost_by_a_look(bench):
    bench.read()
    for n in range(1, 6):
        bench.model.strike(1000 * n)
        assert [bench.measure()["strikes"] for _ in range(3)] == [n, n, n]


def test_strikes_between_two_measurements_count_as_one(bench):
    bench.read()
    for energy in (5, 6, 7):
        bench.model.strike(energy)
    assert bench.measure()["strikes"] == 1


def test_a_strike_from_before_the_setup_does_not_count(bench):
    bench.model.strike(77)
    assert bench.read()["strikes"] == 0


def test_a_disturber_is_no_strike(bench):
    bench.read()
    bench.model.disturb()
    assert bench.measure()["strikes"] == 0


def test_the_strikes_continue_after_a_restart(bench, bench_of):
    bench.read()
    bench.model.strike(9)
    bench.measure()
    saved = bench.device.total(stopped=True)
    other = bench_of(AS3935, as3935.AS3935)
    other.device.resume(saved, {"strikes": 99.0})
    assert other.read()["strikes"] == 1


@pytest.mark.parametrize(
    "saved, logged, strikes",
    [
        ({}, {"strikes": 41.0}, 41),
        ({}, {}, 0),
        ({"strikes": "many"}, {}, 0),
        ({"strikes": -1}, {}, 0),
    ],
)
def test_without_a_saved_total_the_logged_one_counts(bench, saved, logged, strikes):
    bench.device.resume(saved, logged)
    assert bench.read()["strikes"] == strikes


# Figure 43 of the datasheet
@pytest.mark.parametrize("kilometres", [5, 6, 8, 10, 12, 14, 17, 20, 24, 27, 31, 34, 37, 40])
def test_a_distance_is_that_of_the_register(bench, kilometres):
    bench.model.set("distance", 1000 * kilometres)
    assert bench.read()["distance"] == 1000 * kilometres


def test_a_storm_overhead_has_the_distance_0(bench):
    bench.model.set("distance", 0)
    assert bench.read()["distance"] == 0


def test_without_a_storm_there_is_no_distance_but_a_count(bench):
    bench.setup()
    bench.model.set("distance", 80_000)
    values = bench.measure()
    assert values == {"strikes": 0, "noise": 0}
    assert "no storm within 40 km" in str(bench.refused["distance"])


def test_a_number_that_is_no_distance_has_no_value(bench, monkeypatch):
    bench.setup()
    monkeypatch.setattr(bench.model, "_code", lambda: 7)
    with pytest.raises(OutOfRange, match="7 is none of its distances"):
        bench.measure()


def test_the_options_are_those_of_the_registers(bench_of):
    bench = bench_of(
        AS3935,
        as3935.AS3935,
        indoor=False,
        noise_level=5,
        watchdog_threshold=3,
        spike_rejection=7,
        capacitance=96,
    )
    bench.setup()
    held = bytes(bench.model._registers[:9])
    assert (held[:4] + held[8:]).hex(" ") == "1c 53 c7 20 0c"


@pytest.mark.parametrize(
    "option, value",
    [
        ("noise_level", 8),
        ("watchdog_threshold", 11),
        ("spike_rejection", 12),
        ("capacitance", 128),
        ("capacitance", 12),
    ],
)
def test_an_option_beyond_its_register_is_refused(bench_of, option, value):
    with pytest.raises(ValueError, match=f"{option} is {value}"):
        bench_of(AS3935, as3935.AS3935, **{option: value})


@pytest.mark.parametrize("register", [0, 1, 2, 3, 8])
def test_a_setting_that_another_program_changes_gives_no_value(bench, register):
    bench.read()
    bench.device._port.write(bytes([register, 0x41]))
    with pytest.raises(LostConfiguration, match="its settings are"):
        bench.measure()
    assert not bench.wrong(bench.read())


def test_oscillators_that_fail_leave_no_value(bench, monkeypatch):
    monkeypatch.setattr(as3935, "DONE", 0xC0)
    with pytest.raises(NotReady, match="oscillators are not calibrated"):
        bench.setup()


def test_settings_that_are_not_kept_are_refused(bench, monkeypatch):
    monkeypatch.setattr(as3935, "WRITABLE", {0, 1, 2, 8})
    with pytest.raises(WrongChip, match="no AS3935"):
        bench.setup()
