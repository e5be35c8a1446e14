import errno

import pytest

from simulators.bus import SimulatedBus
from simulators.faults import (
    BrownOut,
    BusFault,
    ConstantFrame,
    CorruptBits,
    NoAnswer,
    SlowConversion,
    StuckBus,
    Unplug,
)
from simulators.model import I2CModel

FRAME = bytes(range(0x10, 0x20))
WRITE_SECONDS = 2 * 9 / 100_000  # an address and a byte
ALL = [BrownOut, CorruptBits, ConstantFrame, NoAnswer, SlowConversion, StuckBus, Unplug]


class Chip(I2CModel):
    """Counts how often it was powered on, and notes what was written to it."""

    addresses = (0x44, 0x45)
    inputs = {}
    quiet = {}
    starts = 0

    def power_on(self):
        self.starts += 1
        self.written = []

    def write(self, data):
        self.written.append(data)

    def read(self, count):
        return FRAME[:count]


@pytest.fixture
def chips(clock):
    return {address: Chip(clock) for address in Chip.addresses}


@pytest.fixture
def suffering(clock, chips):
    """A function: a bus with two chips that suffers from faults."""

    def make(*faults):
        bus = SimulatedBus(clock)
        for address, chip in chips.items():
            bus.attach(address, chip)
        bus.faults += faults
        return bus

    return make


def outcome(bus, address=0x44):
    """Return the frame that was read, or the errno."""
    try:
        return bytes(bus.read_i2c_block_data(address, 0, len(FRAME)))
    except OSError as error:
        return error.errno


def outcomes(bus, clock, seconds):
    found = []
    for second in seconds:
        clock.advance(second - clock.monotonic())
        found.append(outcome(bus))
    return found


@pytest.mark.parametrize("kind", ALL)
def test_a_fault_affects_no_other_address(clock, chips, suffering, kind):
    fault = kind(clock, address=0x44)
    bus = suffering(fault)
    assert outcome(bus, 0x45) == FRAME
    assert (fault.struck, chips[0x45].starts, chips[0x45].slowness) == (0, 1, 1)


@pytest.mark.parametrize("kind", ALL)
def test_a_fault_without_an_address_affects_every_chip(clock, suffering, kind):
    fault = kind(clock)
    bus = suffering(fault)
    outcome(bus, 0x44)
    once = fault.struck
    outcome(bus, 0x45)
    assert fault.struck == 2 * once > 0


@pytest.mark.parametrize("kind", ALL)
def test_a_fault_waits_for_its_time(clock, chips, suffering, kind):
    fault = kind(clock, at=10)
    assert outcomes(suffering(fault), clock, [0, 9]) == [FRAME, FRAME]
    assert (fault.struck, chips[0x44].starts, chips[0x44].slowness) == (0, 1, 1)


@pytest.mark.parametrize(
    "kind, bad",
    [
        (NoAnswer, errno.EREMOTEIO),
        (Unplug, errno.EREMOTEIO),
        (StuckBus, errno.ETIMEDOUT),
        (ConstantFrame, b"\xff" * 16),
    ],
)
def test_a_fault_lasts_its_time_and_no_longer(clock, suffering, kind, bad):
    fault = kind(clock, at=10, lasts=5)
    found = outcomes(suffering(fault), clock, [9, 10, 14, 15])
    assert found == [FRAME, bad, bad, FRAME]
    assert fault.struck == 2


def test_a_stuck_bus_is_stuck_at_addresses_without_a_chip_too(clock, suffering):
    assert outcome(suffering(StuckBus(clock)), 0x10) == errno.ETIMEDOUT


def test_a_chip_that_does_not_answer_keeps_its_power(clock, chips, suffering):
    outcomes(suffering(NoAnswer(clock, lasts=5)), clock, [0, 6])
    assert chips[0x44].starts == 1


@pytest.mark.parametrize("looks", [[0, 1, 2, 6, 7], [6, 7]], ids=["noticed", "unnoticed"])
def test_an_unplugged_chip_comes_back_with_power_on_values_even_if_it_was_not_read_meanwhile(
    clock, chips, suffering, looks
):
    outcomes(suffering(Unplug(clock, lasts=5)), clock, looks)
    assert chips[0x44].starts == 2


def test_a_brown_out_resets_each_chip_once_and_lets_it_answer(clock, chips, suffering):
    fault = BrownOut(clock, at=1)
    bus = suffering(fault)
    assert outcomes(bus, clock, [0, 1, 2, 3]) == [FRAME] * 4
    outcome(bus, 0x45)
    assert [chip.starts for chip in chips.values()] == [2, 2]
    assert fault.struck == 2


def test_a_slow_conversion_is_over_when_the_fault_is(clock, chips, suffering):
    bus = suffering(SlowConversion(clock, at=1, lasts=2, factor=7))
    slowness = []
    for second in [0, 1, 2, 3]:
        outcomes(bus, clock, [second])
        slowness.append(chips[0x44].slowness)
    assert slowness == [1, 7, 7, 1]


def test_a_slow_conversion_does_not_end_the_next_one(clock, chips, suffering):
    spells = [SlowConversion(clock, at=at, lasts=1, factor=at) for at in (2, 4)]
    bus = suffering(*reversed(spells))
    outcomes(bus, clock, [2, 3.5, 4, 4.5])
    assert chips[0x44].slowness == 4


@pytest.mark.parametrize("ones, byte", [(True, b"\xff"), (False, b"\x00")])
def test_a_dead_frame_is_all_ones_or_all_zeros(clock, suffering, ones, byte):
    assert outcome(suffering(ConstantFrame(clock, ones=ones))) == byte * 16


def test_corruption_inverts_exactly_one_bit_and_every_bit_eventually(clock, suffering):
    fault = CorruptBits(clock, seed=3)
    bus = suffering(fault)
    truth = int.from_bytes(FRAME, "big")
    turned = [int.from_bytes(outcome(bus), "big") ^ truth for _ in range(2000)]
    assert {bits.bit_count() for bits in turned} == {1}
    assert len(set(turned)) == 8 * len(FRAME)
    assert fault.struck == 2000


def test_corruption_is_the_same_for_the_same_seed_and_another_for_another(clock, suffering):
    def run(seed):
        bus = suffering(CorruptBits(clock, share=0.5, seed=seed))
        return [outcome(bus) for _ in range(50)]

    assert run(1) == run(1) != run(2)


def test_corruption_affects_its_share_of_the_frames(clock, suffering):
    fault = CorruptBits(clock, share=0.25)
    bus = suffering(fault)
    spoiled = [outcome(bus) != FRAME for _ in range(2000)]
    assert sum(spoiled) == fault.struck == pytest.approx(500, rel=0.2)


def spoiled_bits(frame):
    return (int.from_bytes(frame, "big") ^ int.from_bytes(FRAME, "big")).bit_count()


def test_the_plain_fault_does_nothing(clock, suffering):
    fault = BusFault(clock)
    assert outcome(suffering(fault)) == FRAME
    assert fault.struck == 0


def test_a_fault_begins_and_ends_at_its_exact_time(clock, suffering):
    bus = suffering(NoAnswer(clock, at=1, lasts=1))
    seconds = [1 - 1e-6, 1, 2 - 1e-6, 2]
    found = []
    for second in seconds:
        clock.advance(second - WRITE_SECONDS - clock.monotonic())
        try:
            bus.write_byte(0x44, 0)
            found.append(None)
        except OSError as error:
            found.append(error.errno)
    assert found == [None, errno.EREMOTEIO, errno.EREMOTEIO, None]


@pytest.mark.parametrize("kind", [NoAnswer, StuckBus, Unplug])
def test_a_message_that_a_fault_stops_never_reaches_the_chip(clock, chips, suffering, kind):
    bus = suffering(kind(clock))
    with pytest.raises(OSError):
        bus.write_byte(0x44, 7)
    assert chips[0x44].written == []


def test_the_message_after_a_brown_out_reaches_the_chip(clock, chips, suffering):
    suffering(BrownOut(clock)).write_byte(0x44, 7)
    assert (chips[0x44].starts, chips[0x44].written) == (2, [b"\x07"])


@pytest.mark.parametrize("kind", [CorruptBits, ConstantFrame])
def test_a_corrupted_line_does_not_change_what_is_written(clock, chips, suffering, kind):
    fault = kind(clock)
    suffering(fault).write_byte(0x44, 7)
    assert chips[0x44].written == [b"\x07"]
    assert fault.struck == 0


@pytest.mark.parametrize("share, struck", [(0, 0), (1, 100)])
def test_corruption_of_none_and_of_all_is_exact(clock, share, struck):
    fault = CorruptBits(clock, share=share)
    assert sum(spoiled_bits(fault.after(0x44, FRAME)) for _ in range(100)) == struck
    assert fault.struck == struck


def test_corruption_lasts_its_time_and_no_longer(clock, suffering):
    found = outcomes(suffering(CorruptBits(clock, at=10, lasts=5)), clock, [9, 10, 14, 15])
    assert [spoiled_bits(frame) for frame in found] == [0, 1, 1, 0]


def test_a_frame_without_bytes_has_no_bit_to_turn(clock):
    fault = CorruptBits(clock)
    assert fault.after(0x44, b"") == b""
    assert fault.struck == 0


def test_faults_act_one_after_the_other(clock, suffering):
    frame = outcome(suffering(ConstantFrame(clock, ones=False), CorruptBits(clock)))
    assert int.from_bytes(frame, "big").bit_count() == 1
