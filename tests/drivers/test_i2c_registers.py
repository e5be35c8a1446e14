from dataclasses import replace

import pytest

from drivers.base.driver import read
from drivers.base.errors import BadChecksum, DeadFrame, LostConfiguration, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.register_fields import KnownField, RegisterValue
from drivers.bh1750 import BH1750
from drivers.i2c_registers import I2CRegisters
from drivers.lm75 import LM75
from drivers.tmp102 import TMP102
from edge_agent.testing import Bench, I2CContract
from simulators import bh1750, i2c_registers, lm75, tmp102
from simulators.bus import SimulatedBus

NO_NEWS, _, MISDESCRIBED, _ = I2CRegisters.blind
NO_IDENTITY = "an address alone identifies no chip"

LM75_VALUE = RegisterValue(
    name="temperature", register=0, width=2, shift=5, signed=True, scale=0.125, low=-55, high=125
)
AS_LM75 = {
    "values": (LM75_VALUE,),
    "setup": ("01 10", "02 4c 00"),  # both differ from power-on: a restart shows
    "known": (
        KnownField(register=1, value=0x10),
        KnownField(register=2, width=2, value=0x4C00),
    ),
    "wait": 0.33,
}
AS_TMP102 = {
    "values": (
        RegisterValue(
            name="temperature",
            register=0,
            width=2,
            shift=4,
            signed=True,
            scale=0.0625,
            low=-40,
            high=125,
        ),
    ),
    "setup": ("01 61 a0", "02 4c 00"),
    "start": "01 e1 a0",
    # Without the alert; its highest bit is 1 once the conversion has ended
    "known": (
        KnownField(register=1, width=2, shift=6, value=0x386),
        KnownField(register=2, width=2, value=0x4C00),
    ),
    "wait": 0.035,
}
AS_BH1750 = {
    "values": (RegisterValue(name="illuminance", width=2, scale=1 / 1.2, low=0, high=65534 / 1.2),),
    "start": "20",
    "wait": 0.18,
}


class AtLM75(I2CRegisters):
    addresses = LM75.addresses


class TestContract(I2CContract):
    driver = AtLM75
    model = lm75.LM75
    options = AS_LM75
    settle = 0.3
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": NO_NEWS,
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
        "test_another_chip_at_the_address_gives_no_wrong_value[*]": MISDESCRIBED,
        "test_a_chip_is_recognised_by_its_own_driver_without_being_touched": NO_IDENTITY,
        "test_a_driver_is_not_certain_of_another_chip[*]": NO_IDENTITY,
    }


def device(options):
    """Return a driver that is connected to nothing."""
    return I2CRegisters(None, **options)


def beside(ours, chip, options):
    """Return the bench of a chip that is described by registers, and a driver of ours for it."""

    class At(I2CRegisters):
        addresses = ours.addresses

    bench = Bench(At, chip, **options)
    return bench, ours(bench.device._port)


@pytest.mark.parametrize(
    "ours, chip, options",
    [
        (LM75, lm75.LM75, AS_LM75),
        (TMP102, tmp102.TMP102, AS_TMP102),
        (BH1750, bh1750.BH1750, AS_BH1750),
    ],
    ids=["LM75", "TMP102", "BH1750"],
)
def test_a_described_chip_has_the_values_that_its_own_driver_reads(ours, chip, options):
    bench, own = beside(ours, chip, options)
    for n in range(1, 20):
        bench.expose(n / 20)
        bench.sleep(1)
        described = bench.read()
        assert not bench.wrong(described)
        assert read(own, bench.sleep) == pytest.approx(described, rel=1e-9)


@pytest.fixture
def chip(bench_of):
    """A function: the bench of a model with these registers, under a description of its own."""

    def make(held, **options):
        class Registers(i2c_registers.I2CRegisters):
            addresses = (0x40,)
            constants = held

        class At(I2CRegisters):
            addresses = (0x40,)

        return bench_of(At, Registers, **options)

    return make


def value(**fields):
    return RegisterValue(**{"name": "raw", "low": -1e9, "high": 1e9, **fields})


@pytest.mark.parametrize(
    "held, fields, number",
    [
        (b"\x12", {}, 0x12),
        (b"\x12\x34", {"width": 2}, 0x1234),
        (b"\x12\x34", {"width": 2, "order": "little"}, 0x3412),
        (b"\x12\x34\x56", {"width": 3, "shift": 4}, 0x12345),
        (b"\x12\x34", {"width": 2, "shift": 4, "bits": 8}, 0x23),
        (b"\xff\x60", {"width": 2, "shift": 5, "signed": True}, -5),
        (b"\x0f\x00", {"width": 2, "shift": 8, "bits": 4, "signed": True}, -1),
        (b"\x80", {"signed": True}, -128),
        (b"\x64", {"scale": 0.5, "offset": -40}, 10),
        (b"\xff" * 7 + b"\xfe", {"width": 8, "signed": True}, -2),
    ],
)
def test_bits_order_and_sign_are_as_described(chip, held, fields, number):
    assert chip({7: held}, values=(value(register=7, **fields),)).read() == {"raw": number}


def test_values_of_one_register_come_from_one_read(chip):
    high, low = (
        value(name="high", register=7, width=2, shift=8),
        value(name="low", register=7, width=2, bits=8),
    )
    both = [replace(one, quantity="raw") for one in (high, low)]
    bench = chip({7: b"\x12\x34"}, values=tuple(both))
    assert bench.read() == {"high": 0x12, "low": 0x34}
    assert len(bench.exchanged(bench.measure, reads_only=True)) == 3


def rising(bench, by):
    """Let the chip renew its number before each read."""
    held = iter(range(100, 10_000, by))
    bench.model.read = lambda count: next(held).to_bytes(count)


def test_a_live_value_may_differ_by_its_tolerance_and_no_more(chip):
    bench = chip({7: b"\0"}, values=(value(register=7, width=2, tolerance=2),))
    rising(bench, by=1)
    assert bench.read() == {"raw": 101}
    rising(bench, by=2)
    with pytest.raises(BadChecksum, match=r"raw differ: 00 64, 00 66, 00 68 .*`tolerance`"):
        bench.read()


def test_without_a_tolerance_reads_that_differ_are_no_value(chip):
    bench = chip({7: b"\0"}, values=(value(register=7, width=2),))
    rising(bench, by=1)
    with pytest.raises(BadChecksum):
        bench.read()


def test_what_lies_outside_its_limits_is_absent_and_alone(chip):
    narrow = value(name="raw", register=7, high=10)
    wide = value(name="count", register=8)
    bench = chip({7: b"\x0b", 8: b"\x0b"}, values=(narrow, wide))
    assert bench.read() == {"count": 11}
    assert isinstance(bench.refused["raw"], OutOfRange)


KNOWN = (KnownField(register=1, width=2, shift=4, value=0x117),)


def test_an_identification_that_differs_is_refused_at_the_setup(chip):
    bench = chip({1: b"\x11\x80", 7: b"\0"}, values=(value(register=7),), known=KNOWN)
    with pytest.raises(WrongChip, match=r"bench:0x40: register 0x01 holds 0x118, not 0x117"):
        bench.read()


def test_the_revision_beside_an_identification_is_no_matter(chip):
    bench = chip({1: b"\x11\x7f", 7: b"\5"}, values=(value(register=7),), known=KNOWN)
    assert bench.read() == {"raw": 5}


def test_a_setting_that_was_lost_is_noticed_and_written_again(chip):
    known = (KnownField(register=2, value=0x42),)
    options = {"values": (value(register=7),), "known": known, "setup": ("02 42",)}
    bench = chip({7: b"\5"}, **options)
    assert bench.read() == {"raw": 5}
    bench.model._held[2] = b"\x41"
    with pytest.raises(LostConfiguration, match="holds 0x41, not 0x42"):
        bench.measure()
    assert bench.read() == {"raw": 5}


@pytest.mark.parametrize("dead", [b"\0", b"\xff"])
def test_a_dead_line_is_named_so(chip, dead):
    bench = chip(
        {1: dead, 7: b"\5"}, values=(value(register=7),), known=(KnownField(register=1, value=5),)
    )
    with pytest.raises(DeadFrame):
        bench.read()


def test_a_measurement_waits_after_its_start_and_a_setup_waits_without_one():
    options = {"values": (value(register=7),), "wait": 2.5}
    assert device({**options, "start": "20"}).deadline == 7.5
    port = I2CPort(SimulatedBus(None), 0x40)
    assert list(I2CRegisters(port, **options).setup()) == [2.5]
    assert list(I2CRegisters(port, **options, start="20").setup()) == []


@pytest.mark.parametrize(
    "options, what",
    [
        ({"values": ()}, "values: empty"),
        ({"values": (value(register=7),) * 2}, "raw is declared twice"),
        ({"values": (value(register=256),)}, "values: raw: register is 256: wanted 0 to 255"),
        ({"values": (value(width=9),)}, "raw: width is 9: wanted 1 to 8 bytes"),
        ({"values": (value(shift=8),)}, "raw: shift is 8: wanted 0 to 7"),
        ({"values": (value(shift=4, bits=5),)}, "raw: bits is 5: 4 are left after shift"),
        ({"values": (value(scale=0),)}, "raw: scale is 0"),
        ({"values": (value(offset=float("inf")),)}, "offset inf: wanted numbers"),
        ({"values": (value(tolerance=256),)}, "tolerance is 256"),
        ({"values": (value(low=256, high=300),)}, "holds 0 to 255, all outside low to high"),
        ({"values": (value(quantity="heat"),)}, "unknown quantity 'heat'"),
        ({"known": (KnownField(register=1, value=256),)}, "known: register 0x01: value is 256"),
        ({"known": (KnownField(value=-1),)}, "known: the answer: value is -1"),
        ({"setup": ("1 2",)}, "setup: wanted 1 to 32 bytes in hexadecimal"),
        ({"setup": ("",)}, "wanted 1 to 32 bytes"),
        ({"setup": ("00",) * 33}, "33 messages; wanted at most 32"),
        ({"start": "00" * 33}, "start: wanted 1 to 32 bytes"),
        ({"wait": -1.0}, "wait is -1: wanted 0 to 60 s"),
        ({"wait": 61.0}, "wait is 61"),
    ],
)
def test_a_description_that_cannot_be_right_is_refused(options, what):
    with pytest.raises(ValueError, match=what):
        device({"values": (value(register=7),), **options})
