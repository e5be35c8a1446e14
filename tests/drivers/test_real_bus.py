"""The claims about a chip on a real bus, made about a simulated one; and recorded transactions."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers.base.errors import NoAcknowledge
from drivers.sht4x import SHT4x
from edge_agent.acquire.catalog import Catalog
from edge_agent.testing import I2CContract
from edge_agent.testing.real_bus import ChipAddress, RealBench
from edge_agent.testing.recording import Recording
from simulators import sht4x, tmp102
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.json"))


class Contract(I2CContract):
    driver = SHT4x
    model = sht4x.SHT4x


@pytest.fixture
def chip_of():
    """A function: a bench of our driver with some chip at its address."""

    def make(model):
        clock = VirtualClock()
        bus = SimulatedBus(clock)
        bus.attach(0x44, model(clock))
        return RealBench(SHT4x, bus, 0x44, {}, clock.sleep)

    return make


def claims(tmp_path, record=""):
    options = {"--i2c": ChipAddress(1, 0x44), "--record": record and str(tmp_path / record)}
    request = SimpleNamespace(config=SimpleNamespace(getoption=options.get))
    contract = Contract()
    yield contract.test_a_real_chip_is_recognised
    yield contract.test_a_real_chip_gives_every_channel_a_value_again_and_again
    yield contract.test_a_real_chip_is_set_up_twice_and_in_the_middle_of_a_measurement
    yield contract.test_a_real_chip_answers_in_time
    yield lambda chip: contract.test_a_real_chips_transactions_give_the_same_values_again(
        chip, request
    )


def test_a_chip_that_works_keeps_all_claims(chip_of, tmp_path):
    for claim in claims(tmp_path):
        claim(chip_of(sht4x.SHT4x))


def test_another_chip_keeps_none(chip_of, tmp_path):
    for claim in claims(tmp_path):
        with pytest.raises((AssertionError, ConnectionError, ValueError)):
            claim(chip_of(tmp102.TMP102))


def test_a_recording_gives_the_values_again_and_another_question_none(chip_of, tmp_path):
    *_, record = claims(tmp_path, "sht4x.json")
    record(chip_of(sht4x.SHT4x))
    recording = Recording.load(tmp_path / "sht4x.json")
    assert recording.replayed(SHT4x) == recording.values
    with pytest.raises(AssertionError):
        recording._replace(options={"precision": "low"}).replayed(SHT4x)
    with pytest.raises(AssertionError, match="asks more"):
        recording._replace(transactions=recording.transactions[:-1]).replayed(SHT4x)


def test_a_failure_is_recorded_too(chip_of, tmp_path):
    chip = chip_of(sht4x.SHT4x)
    with pytest.raises(NoAcknowledge):
        chip.device._port.read(6)
    (transaction,) = chip.bus.transactions
    recording = Recording(0x44, {}, {}, (transaction,))
    recording.save(tmp_path / "failed.json")
    assert Recording.load(tmp_path / "failed.json").transactions == (("", "", 121),)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_what_real_chips_answered_gives_what_they_measured(path):
    driver = Catalog("edge_agent.drivers").load(path.stem.partition("-")[0])
    recording = Recording.load(path)
    assert recording.replayed(driver) == pytest.approx(recording.values)


@pytest.mark.parametrize(("options", "count"), [(["--i2c", "1:0x44"], 5), ([], 0)])
def test_the_option_selects_the_claims_about_a_real_chip_and_no_others(root, options, count):
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options, "tests/drivers/test_sht4x.py"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert sum("test_a_real_chip" in line for line in found) == count
    assert not options or len(found) == count


@pytest.mark.parametrize("text", ["", "1", "0x44", "a:b"])
def test_an_address_that_cannot_be_is_refused(text):
    with pytest.raises(ValueError, match="invalid literal"):
        ChipAddress.of(text)
