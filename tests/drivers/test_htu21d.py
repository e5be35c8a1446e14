import adafruit_htu21d
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    WrongChip,
)
from drivers.htu21d import HTU21D, crc, humidity, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums, LateResults, RefusesTemperatures
from simulators import faults, htu21d, si7021


class TestContract(LateResults, FramesWithChecksums, RefusesTemperatures, I2CContract):
    driver = HTU21D
    model = htu21d.HTU21D


class TestContractOfAnSHT21(LateResults, FramesWithChecksums, RefusesTemperatures, I2CContract):
    driver = HTU21D
    model = htu21d.SHT21


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_with_adafruit):
    agree_with_adafruit(adafruit_htu21d.HTU21D, HTU21D, htu21d.SHT21)  # it corrects nothing


# The vendor's correction: 0.15 % per °C above 25, between 0 and 80 °C
@pytest.mark.parametrize(
    "celsius, raw, percent", [(25, 40, 40), (60, 40, 45.25), (5, 40, 37), (-20, 40, 36.25)]
)
def test_a_humidity_is_corrected_by_the_temperature(bench, celsius, raw, percent):
    bench.model.coefficient = 0
    bench.model.set("temperature", celsius)
    bench.model.set("humidity", raw)
    assert bench.measure()["humidity"] == pytest.approx(percent, abs=0.04)


def test_a_relative_that_acknowledges_no_id_is_not_corrected(bench, monkeypatch):
    command = bench.model._command
    monkeypatch.setattr(
        bench.model, "_command", lambda data: command(data if data != b"\xfc\xc9" else b"\x00")
    )
    bench.model.coefficient = 0
    bench.model.set("temperature", 60)
    bench.model.set("humidity", 40)
    assert bench.read()["humidity"] == pytest.approx(40, abs=0.04)


@pytest.fixture
def bench(bench_of):
    bench = bench_of(HTU21D, htu21d.HTU21D)
    bench.setup()
    return bench


# The first two are the datasheet's; the others are results of a real SHT21 without their status
@pytest.mark.parametrize(
    "formula, code, expected",
    [
        (temperature, 0x683A, 24.7),
        (humidity, 0x4E85, 32.3),
        (temperature, 0x66F0, 23.8),
        (humidity, 0x742C, 50.7),
    ],
)
def test_a_code_is_a_value(formula, code, expected):
    assert formula(code) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("code, percent", [(0, -6), (3145, 0), (0xD916, 100), (0xFFFC, 119)])
def test_a_humidity_overshoots_both_ends(code, percent):
    assert humidity(code) == pytest.approx(percent, abs=0.01)


# The first three are the datasheet's (page 14), the others are a real SHT21's
@pytest.mark.parametrize(
    "data, expected",
    [("dc", 0x79), ("683a", 0x7C), ("4e85", 0x6B), ("66f0", 0x8D), ("742e", 0x21), ("0000", 0)],
)
def test_driver_and_model_have_the_checksum_of_the_datasheet(data, expected):
    assert crc(bytes.fromhex(data)) == expected
    assert htu21d.with_crc(bytes.fromhex(data))[-1] == expected


def test_it_is_assumed_since_its_relatives_answer_alike(bench):
    assert bench.device.identify() == Identity("HTU21D", certain=False)


def test_a_chip_without_an_electronic_id_is_assumed_too(bench, monkeypatch):
    command = bench.model._command
    monkeypatch.setattr(
        bench.model, "_command", lambda data: command(data if data != b"\xfc\xc9" else b"\x00")
    )
    assert bench.device.identify() == Identity("HTU21D", certain=False)


def test_a_si7021_is_refused_and_named(bench):
    bench.replace(si7021.Si7021(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match=r"no HTU21D \(a Si7021 has its own driver\)"):
        bench.setup()


@pytest.mark.parametrize("user", [0x00, 0xFF, 0x38])
def test_a_stranger_is_not_asked_for_an_id_that_it_would_take_for_a_setting(bench, user):
    bench.model._user = user
    begin = len(bench.bus.messages)
    with pytest.raises(WrongChip):
        bench.setup()
    assert [m.written for m in bench.bus.messages[begin:] if m.written] == [b"\xe7"]


@pytest.mark.parametrize("user", [0x06, 0x83, 0x87, 0x3E])
def test_setup_restores_the_resolution_and_ends_the_heater(bench, user):
    bench.model._user = user
    assert bench.read()["temperature"] == pytest.approx(21, abs=0.011)
    assert bench.model._user & 0x85 == 0


def test_a_heater_that_does_not_end_is_reported(bench, monkeypatch):
    bench.model._user = 0x06
    command = bench.model._command
    monkeypatch.setattr(
        bench.model, "_command", lambda data: None if data[0] == 0xE6 else command(data)
    )
    with pytest.raises(LostConfiguration, match="its user register stays 06"):
        bench.setup()


@pytest.mark.parametrize("user", [0x06, 0x83, 0x03])
def test_a_heater_or_a_resolution_that_another_program_sets_is_noticed(bench, user):
    bench.model.set("temperature", 59.0)
    bench.device._port.write(bytes([0xE6, user]))
    with pytest.raises(LostConfiguration, match=f"heater is on, or .* register is {user:02x}"):
        bench.measure()
    assert bench.read()["temperature"] == pytest.approx(59.0, abs=0.011)


def test_two_reads_of_the_user_register_that_differ_are_refused(bench, bench_of, flipped_bit):
    clean = bench_of(HTU21D, htu21d.HTU21D)
    *_, last = clean.moments(clean.setup, reads_only=True)
    other = bench_of(HTU21D, htu21d.HTU21D)
    other.strike(flipped_bit, at=last, bit=4)
    with pytest.raises(BadChecksum, match="differ: 02, 02, 12"):
        other.setup()


def test_the_longest_time_of_the_family_is_waited_for(bench):
    bench.model.slowness = 1.9
    bench.waits.clear()
    bench.model.set("humidity", 70)
    assert bench.measure()["humidity"] == pytest.approx(70, abs=0.04)
    assert bench.waits == [0.085, 0.029]


def test_zeros_pass_the_checksum_and_are_refused(bench):
    bench.strike(faults.ConstantFrame, ones=False)
    with pytest.raises(DeadFrame, match="answers 00 only"):
        bench.measure()


def test_the_result_of_another_measurement_is_refused(bench, monkeypatch):
    monkeypatch.setattr(htu21d, "TEMPERATURE", (0xF5, 0xE5))
    monkeypatch.setattr(htu21d, "HUMIDITY", (0xF3, 0xE3))
    with pytest.raises(BadChecksum, match="result of another measurement"):
        bench.measure()


def test_the_status_is_no_part_of_the_value(bench):
    bench.model.coefficient = bench.device._coefficient = 0.0
    code = round((45 + 6) / 125 * 2**12) * 16
    assert bench.measure()["humidity"] == pytest.approx(humidity(code), abs=1e-9)


def test_the_model_acknowledges_nothing_while_it_converts_and_gives_a_result_once(bench):
    port = bench.device._port
    port.write(b"\xf3")
    for transfer in (lambda: port.read(3), lambda: port.write(b"\xe7")):
        with pytest.raises(ConnectionError):
            transfer()
    bench.sleep(0.05)
    port.read(3)
    with pytest.raises(ConnectionError):
        port.read(3)


def test_the_model_measures_coarsely_if_configured_so_and_warms_itself(bench):
    bench.device._port.write(b"\xe6\x85")
    bench.model.set("temperature", 30)
    bench.device._port.write(b"\xf3")
    bench.sleep(0.05)
    celsius = temperature(int.from_bytes(bench.device._port.read(2)))
    assert celsius == pytest.approx(31.5, abs=0.05)
    assert celsius != pytest.approx(31.5, abs=0.01)
