import errno

import pytest

from simulators.bus import SimulatedBus
from simulators.faults import (
    BrownOut,
    BusFault,
    CorruptBits,
    DeadFrame,
    NoAnswer,
    SlowConversion,
    StuckBus,
    Unplug,
)
from simulators.model import I2CModel

HERE, THERE = 0x10, 0x11
FRAME = bytes(range(1, 9))
AT, LASTS = 10.0, 5.0


class Notebook(I2CModel):
    """A chip that keeps what was written until its power fails."""

    inputs = {}
    quiet = {}

    def power_on(self):
        self.memory = FRAME

    def write(self, data):
        self.memory = data

    def read(self, count):
        return self.memory[:count]


@pytest.fixture
def bus(clock):
    bus = SimulatedBus(clock)
    bus.attach(HERE, Notebook(clock))
    bus.attach(THERE, Notebook(clock))
    return bus


@pytest.fixture
def model(bus):
    model = bus.detach(HERE)
    bus.attach(HERE, model)
    return model


@pytest.fixture
def strike(bus, clock):
    def strike(fault, **arguments):
        bus.faults.append(fault(clock, **arguments))
        return bus.faults[-1]

    return strike


def write(bus, data, address=HERE):
    bus.write_i2c_block_data(address, data[0], data[1:])


def read(bus, address=HERE):
    return bytes(bus._read(address, None, len(FRAME)))


def outcome(bus, address=HERE):
    try:
        return read(bus, address)
    except OSError as error:
        return error.errno


EFFECTS = [
    (NoAnswer, errno.EREMOTEIO),
    (Unplug, errno.EREMOTEIO),
    (StuckBus, errno.ETIMEDOUT),
    (DeadFrame, b"\xff" * 8),
]
each_effect = pytest.mark.parametrize("fault, effect", EFFECTS)


@each_effect
def test_a_fault_strikes_in_its_window_only(bus, clock, strike, fault, effect):
    fault = strike(fault, at=AT, lasts=LASTS)
    assert outcome(bus) == FRAME
    clock.advance(AT - clock.monotonic())
    assert outcome(bus) == effect
    clock.advance(LASTS)
    assert outcome(bus) == FRAME
    assert fault.struck == 1


@each_effect
def test_a_window_begins_sharp_and_ends_sharp(bus, clock, strike, fault, effect):
    look = 9 * (len(FRAME) + 1) / 100_000  # faults look when the message has passed
    strike(fault, at=look, lasts=look)
    assert [outcome(bus), outcome(bus)] == [effect, FRAME]


@each_effect
def test_a_fault_strikes_its_address_only(bus, strike, fault, effect):
    fault = strike(fault, address=THERE)
    assert outcome(bus, HERE) == FRAME
    assert fault.struck == 0
    assert outcome(bus, THERE) == effect
    assert fault.struck == 1


@each_effect
def test_a_fault_without_an_address_strikes_all_of_them(bus, strike, fault, effect):
    fault = strike(fault)
    assert [outcome(bus, HERE), outcome(bus, THERE)] == [effect, effect]
    assert fault.struck == 2


@pytest.mark.parametrize("fault", [NoAnswer, Unplug, StuckBus])
def test_a_message_that_does_not_arrive_leaves_nothing_behind(bus, clock, strike, fault):
    strike(fault, lasts=1)
    with pytest.raises(OSError):
        write(bus, b"\x20\x21")
    clock.advance(1)
    assert read(bus) == FRAME


def test_the_plain_fault_does_nothing(bus, strike):
    fault = strike(BusFault)
    assert read(bus) == FRAME
    assert fault.struck == 0


def test_a_chip_that_does_not_answer_keeps_its_power(bus, clock, model, strike):
    write(bus, b"\x20\x21")
    strike(NoAnswer, lasts=1)
    outcome(bus)
    assert model.memory == b"\x20\x21"


def test_a_chip_pulled_out_comes_back_with_power_on_values(bus, clock, model, strike):
    write(bus, b"\x20\x21")
    strike(Unplug, lasts=1)
    assert outcome(bus) == errno.EREMOTEIO
    clock.advance(1)
    assert read(bus) == FRAME


def test_a_brown_out_resets_the_chip_once(bus, clock, model, strike):
    fault = strike(BrownOut, at=AT)
    write(bus, b"\x20\x21")
    assert model.memory == b"\x20\x21"
    clock.advance(AT)
    assert read(bus) == FRAME
    write(bus, b"\x20\x21")
    assert model.memory == b"\x20\x21"
    assert fault.struck == 1


def test_a_brown_out_comes_before_the_message_which_still_arrives(bus, model, strike):
    strike(BrownOut)
    write(bus, b"\x20\x21")
    assert model.memory == b"\x20\x21"


def test_a_brown_out_of_the_bus_resets_every_chip_once(bus, strike):
    for address in (HERE, THERE):
        write(bus, b"\x20\x21", address)
    fault = strike(BrownOut)
    assert [read(bus, HERE), read(bus, THERE), read(bus, HERE)] == [FRAME] * 3
    assert fault.struck == 2


def test_a_brown_out_of_one_chip_spares_the_others(bus, strike):
    write(bus, b"\x20\x21")
    strike(BrownOut, address=THERE)
    read(bus, THERE)
    assert bus._models[HERE].memory == b"\x20\x21"


def test_conversions_are_slow_for_a_while(bus, clock, model, strike):
    fault = strike(SlowConversion, address=HERE, at=AT, lasts=LASTS, factor=7)
    read(bus)
    assert model.slowness == 1
    clock.advance(AT)
    read(bus)
    assert model.slowness == 7
    read(bus, THERE)
    assert bus._models[THERE].slowness == 1
    clock.advance(LASTS)
    read(bus)
    assert model.slowness == 1
    assert fault.struck == 1


@pytest.mark.parametrize("ones, byte", [(True, b"\xff"), (False, b"\x00")])
def test_a_dead_frame_is_all_alike_and_as_long_as_asked(bus, strike, ones, byte):
    strike(DeadFrame, ones=ones)
    assert read(bus) == byte * len(FRAME)


@pytest.mark.parametrize("fault", [DeadFrame, CorruptBits])
def test_a_spoiled_line_spares_what_is_written(bus, model, strike, fault):
    fault = strike(fault)
    write(bus, b"\x20\x21")
    assert model.memory == b"\x20\x21"
    assert fault.struck == 0


def flips(frame):
    return int.from_bytes(frame) ^ int.from_bytes(FRAME)


def test_exactly_one_bit_of_a_frame_is_inverted(bus, strike):
    fault = strike(CorruptBits)
    assert {flips(read(bus)).bit_count() for _ in range(200)} == {1}
    assert fault.struck == 200


def test_every_bit_of_a_frame_has_its_turn(bus, strike):
    strike(CorruptBits)
    assert {flips(read(bus)) for _ in range(1000)} == {1 << n for n in range(8 * len(FRAME))}


def test_the_seed_decides_which_bit(clock):
    def spoiled(seed):
        fault = CorruptBits(clock, seed=seed, share=0.5)
        return [fault.after(HERE, FRAME) for _ in range(50)]

    assert spoiled(1) == spoiled(1)
    assert spoiled(1) != spoiled(2)


@pytest.mark.parametrize("share, least, most", [(0, 0, 0), (0.25, 200, 300), (1, 1000, 1000)])
def test_a_share_of_the_frames_is_spoiled_and_each_is_counted(clock, share, least, most):
    fault = CorruptBits(clock, share=share, seed=3)
    spoiled = sum(fault.after(HERE, FRAME) != FRAME for _ in range(1000))
    assert least <= spoiled <= most
    assert fault.struck == spoiled


def test_bits_are_spoiled_at_their_address_and_in_their_window_only(bus, clock, strike):
    fault = strike(CorruptBits, address=THERE, at=AT, lasts=LASTS)
    assert [read(bus, HERE), read(bus, THERE)] == [FRAME, FRAME]
    clock.advance(AT)
    assert read(bus, HERE) == FRAME
    assert read(bus, THERE) != FRAME
    clock.advance(LASTS)
    assert read(bus, THERE) == FRAME
    assert fault.struck == 1


def test_a_frame_without_bytes_has_no_bit_to_invert(clock):
    fault = CorruptBits(clock)
    assert fault.after(HERE, b"") == b""
    assert fault.struck == 0


def test_two_faults_at_once_both_act(bus, strike):
    strike(DeadFrame, ones=False)
    strike(CorruptBits)
    assert int.from_bytes(read(bus)).bit_count() == 1
