import cedargrove_nau7802
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.nau7802 import NAU7802
from edge_agent.testing import I2CContract
from simulators import nau7802


class TestContract(I2CContract):
    driver = NAU7802
    model = nau7802.NAU7802


@pytest.fixture
def bench(bench_of):
    return bench_of(NAU7802, nau7802.NAU7802)


def test_cedargroves_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def cedargrove(busio, clock):
        monkeypatch.setattr(cedargrove_nau7802, "time", clock)
        chip = cedargrove_nau7802.NAU7802(busio)
        assert chip.calibrate("INTERNAL")
        chip._pu_cycle_start = True  # its `enable` forgets it
        clock.sleep(0.5)
        return lambda: {"raw": chip.read() / 2}  # it counts each twice

    agree(cedargrove, NAU7802, nau7802.NAU7802)


@pytest.mark.parametrize("gain", [1, 2, 4, 8, 16, 32, 64, 128])
def test_a_gain_amplifies(bench_of, gain):
    bench = bench_of(NAU7802, nau7802.NAU7802, gain=gain)
    bench.model.set("raw", 1_280_000)
    assert bench.read() == {"raw": 10_000 * gain}


@pytest.mark.parametrize("rate", [10, 20, 40, 80])
def test_a_measurement_takes_four_results(bench_of, rate):
    bench = bench_of(NAU7802, nau7802.NAU7802, samples_per_second=rate)
    bench.setup()
    bench.waits.clear()
    assert bench.measure() == {"raw": 120_000}
    assert sum(bench.waits) == pytest.approx(4 / rate, rel=0.25)


# VLDO, table of CTRL1; AVDDS of PU_CTRL
@pytest.mark.parametrize(
    "voltage, control, power",
    [("4.5V", 0x07, 0x9E), ("3.0V", 0x2F, 0x9E), ("2.4V", 0x3F, 0x9E), ("external", 0x07, 0x1E)],
)
def test_the_load_cell_gets_its_voltage(bench_of, voltage, control, power):
    bench = bench_of(NAU7802, nau7802.NAU7802, ldo_voltage=voltage)
    bench.read()
    assert bench.model._registers[1] == control
    assert bench.model._registers[0] & ~0x20 == power


@pytest.mark.parametrize("raw", [-9_000_000, 9_000_000])
def test_a_result_at_an_end_of_its_scale_is_refused(ready, raw):
    ready.model.set("raw", raw)
    with pytest.raises(OutOfRange, match="take a lower `gain`"):
        ready.measure()


def test_a_calibration_that_fails_gives_no_value(bench, monkeypatch):
    read = bench.model.read

    def failed(count):
        bench.model._pass_time()
        if not bench.model._registers[2] & 0x04:
            bench.model._registers[2] |= 0x08
        return read(count)

    monkeypatch.setattr(bench.model, "read", failed)
    with pytest.raises(NotReady, match="its calibration failed"):
        bench.setup()


def test_the_chip_is_possible_by_its_revision(bench):
    assert bench.device.identify() == Identity("NAU7802", certain=False)
    bench.model._registers[0x1F] = 0x02
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no NAU7802: its revision is 02"):
        bench.setup()


# PU_CTRL, CTRL1, CTRL2, OCAL1, GCAL1, the chopper, the amplifier, the capacitor
@pytest.mark.parametrize(
    "setting", ["0084", "012e", "0210", "0412", "0781", "1500", "1b40", "1c00"]
)
def test_another_programs_setting_is_noticed(ready, setting):
    steps = ready.device.measure()
    ready.sleep(next(steps))
    ready.device._port.write(bytes.fromhex(setting))
    with pytest.raises((LostConfiguration, NotReady)):
        for wait in steps:
            ready.sleep(wait)


def test_a_flag_that_stays_is_noticed(ready, monkeypatch):
    monkeypatch.setattr(nau7802, "RESULT", 0x40)
    ready.model._registers[0] |= 0x20
    with pytest.raises(NotReady, match="its flag for a new result stays"):
        ready.measure()
