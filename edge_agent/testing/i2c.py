"""What is true of every sensor on an I2C bus: one class of claims, subclassed once per chip."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

import pytest

from drivers.base.driver import Driver, addresses_of
from drivers.base.errors import DriverError, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort
from edge_agent.testing import inverted_bits
from edge_agent.testing.bench import INSTANT, Bench, FlippedBit, absent_or, at, standing
from edge_agent.testing.claims import Claims, beyond
from edge_agent.testing.inverted_bits import Strike, Wrong
from edge_agent.testing.neighbours import NeighbourClaims
from edge_agent.testing.plausible import PlausibleFrames
from edge_agent.testing.real_bus import RealBusClaims
from edge_agent.testing.share import chosen, some_and_every
from edge_agent.testing.wires import NEVER
from simulators.faults import BrownOut, ConstantFrame, NoAnswer, SlowConversion, Unplug
from simulators.model import I2CModel, Range

POINTS = 201
MOST_DEAD = 10  # frames in a row, in the middle of a measurement
FOREIGN_IDS = (0x01, 0x55, 0x61, 0xFE)

either_way = pytest.mark.parametrize("ones", [False, True], ids=["zeros", "ones"])


class I2CContract(NeighbourClaims, PlausibleFrames, RealBusClaims, Claims):
    """Claims about `driver` and `model`; a subclass is one chip's test.

    `options` are the driver's; `settle`: seconds until a change of the surroundings reaches a chip
    that samples by itself; `patience`: seconds that setup and measurement may wait in all; `blind`:
    what this chip's protocol cannot detect, by the test's name, with its parameters or for all of
    them: each must fail (with `[*]` for its parameters: some may).
    """

    driver: type[Driver]
    model: type[I2CModel]
    options: ClassVar[Mapping[str, Any]] = {}
    settle: ClassVar[float] = 0.0

    def fresh(self) -> Bench:
        """Return a bench whose surroundings are neither quiet nor at an end of a range."""
        contract = type(self)
        bench = Bench(contract.driver, contract.model, settle=self.settle, **self.options)
        return bench.expose()

    @pytest.fixture
    def bench(self) -> Bench:
        """Return a bench of this chip."""
        return self.fresh()

    def struck(self, *, reads_only: bool = False) -> Iterator[tuple[Bench, float]]:
        """Yield a fresh bench for each message of setup and measurement, and its moment."""
        clean = self.fresh()
        for moment in clean.moments(clean.read, reads_only=reads_only):
            yield self.fresh(), moment

    def test_a_model_lives_where_its_driver_looks_and_feels_what_it_measures(
        self, bench: Bench
    ) -> None:
        assert self.model.addresses == addresses_of(self.driver)
        assert {channel.name for channel in bench.device.channels} <= bench.model.truth().keys()
        assert set(self.model.quiet) == set(self.model.inputs)

    def test_a_model_that_lost_its_power_answers_like_a_new_one(self, bench: Bench) -> None:
        bench.read()
        new = self.fresh()
        for each in (bench, new):
            each.model.power_on()
        assert answers(bench) == answers(new)

    def test_every_value_of_the_range_comes_out_within_one_step(self, bench: Bench) -> None:
        bench.setup()
        for channel in bench.felt():
            for n in range(POINTS):
                span = Range(channel.low, channel.high, channel.resolution)
                bench.model.set(channel.name, at(span, n / (POINTS - 1)))
                assert not bench.settled().wrong(bench.measure())
            bench.expose()

    def test_beyond_its_range_a_chip_gives_no_value_outside_it(self, bench: Bench) -> None:
        bench.setup()
        for channel in bench.felt():
            for value in beyond(channel, 0.2):
                bench.model.set(channel.name, value)
                shown = absent_or(bench.settled().measure)
                held = (shown or {}).get(channel.name)
                assert held is None or channel.low <= held <= channel.high
            bench.expose()

    def test_no_chip_no_value(self, bench: Bench) -> None:
        bench.bus.detach(bench.address)
        with pytest.raises(NoAcknowledge):
            bench.read()

    def test_a_chip_that_says_it_is_another_is_refused(self, bench: Bench) -> None:
        own = self.model.chip_id
        for chip_id in FOREIGN_IDS if own is not None else ():
            bench.model.chip_id = chip_id if chip_id != own else ~chip_id & 0xFF
            bench.model.power_on()
            with pytest.raises(WrongChip):
                bench.setup()

    def test_a_message_without_an_acknowledge_gives_no_wrong_value(self) -> None:
        for bench, moment in self.struck():
            fault = bench.strike(NoAnswer, at=moment, lasts=INSTANT)
            assert bench.right_or_absent()
            assert fault.struck == 1

    @some_and_every
    def test_an_inverted_bit_gives_no_wrong_value(self, every: bool) -> None:
        clean = self.fresh()
        reads = clean.exchanged(clean.read, reads_only=True)
        bits = [(message.at, bit) for message in reads for bit in range(message.bits)]
        for moment, bit in chosen(bits, every=every):
            bench = self.fresh()
            fault = bench.strike(FlippedBit, at=moment, bit=bit)
            assert bench.right_or_absent()
            assert fault.struck == 1

    @some_and_every
    def test_an_inverted_bit_at_the_setup_gives_no_wrong_value(self, every: bool) -> None:
        assert self.inverted(inverted_bits.at_setup, every=every) == {}

    @some_and_every
    def test_an_inverted_bit_at_a_measurement_gives_no_wrong_value(self, every: bool) -> None:
        assert self.inverted(inverted_bits.at_a_measurement, every=every) == {}

    def inverted(self, strike: Strike, *, every: bool = True) -> dict[int, Wrong]:
        """Invert a bit at a time, in either direction; return what was wrong, by bit."""
        carried, wrong = strike(self.wired(), NEVER)
        assert carried
        assert not wrong
        bits = chosen(range(carried), every=every)
        found = {bit: strike(self.wired(), bit)[1] for bit in bits}
        return {bit: wrong for bit, wrong in found.items() if wrong}

    def wired(self) -> Bench:
        """Return a fresh bench whose chip hangs on a wire that can be struck."""
        bench = self.fresh()
        bench.replace(bench.wire)
        return bench

    @either_way
    def test_one_dead_frame_gives_no_wrong_value(self, ones: bool) -> None:
        for bench, moment in self.struck(reads_only=True):
            fault = bench.strike(ConstantFrame, at=moment, lasts=INSTANT, ones=ones)
            assert bench.right_or_absent()
            assert fault.struck == 1

    @either_way
    def test_a_line_that_is_dead_for_some_frames_gives_no_wrong_value(self, ones: bool) -> None:
        clean = self.fresh()
        clean.setup()
        moments = clean.moments(clean.measure, reads_only=True)
        for n, begin in enumerate(moments):
            for end in moments[n + 1 : n + MOST_DEAD]:
                bench = self.fresh()
                bench.setup()
                bench.strike(ConstantFrame, at=begin, lasts=end - begin + INSTANT, ones=ones)
                values = absent_or(bench.measure)
                assert values is None or not bench.wrong(values)

    @either_way
    def test_dead_frames_from_the_beginning_give_no_value(self, bench: Bench, ones: bool) -> None:
        bench.strike(ConstantFrame, ones=ones)
        with pytest.raises(DriverError):
            bench.read()

    @either_way
    def test_dead_frames_after_setup_give_no_value(self, bench: Bench, ones: bool) -> None:
        bench.setup()
        bench.strike(ConstantFrame, ones=ones)
        with pytest.raises(DriverError):
            bench.measure()

    def test_a_brown_out_before_any_message_gives_no_wrong_value(self) -> None:
        for bench, moment in self.struck():
            fault = bench.strike(BrownOut, at=moment)
            assert bench.right_or_absent()
            assert fault.struck == 1

    def test_a_brown_out_is_no_harm_after_the_next_setup(self) -> None:
        for bench, moment in self.struck():
            bench.strike(BrownOut, at=moment)
            assert bench.right_or_absent()
            bench.expose(0.6)
            assert not bench.wrong(bench.read())

    def test_a_chip_that_never_finishes_gives_no_value_in_bounded_time(self, bench: Bench) -> None:
        bench.strike(SlowConversion, factor=1000)
        with pytest.raises((NotReady, NoAcknowledge)):
            bench.read()
        assert sum(bench.waits) < self.patience
        assert len(bench.bus.messages) < 200

    def test_a_chip_that_stops_converting_gives_no_old_value(self, bench: Bench) -> None:
        bench.read()
        bench.strike(SlowConversion, factor=1000)
        for share in (0.37, 0.6):
            bench.expose(share)
            with pytest.raises((NotReady, NoAcknowledge)):
                bench.measure()

    def test_a_chip_pulled_out_gives_no_value_and_works_when_back(self, bench: Bench) -> None:
        bench.setup()
        bench.strike(Unplug)
        for call in (bench.measure, bench.setup):
            with pytest.raises(NoAcknowledge):
                call()
        bench.heal()
        assert not bench.wrong(bench.read())

    def test_a_chip_put_back_without_a_setup_gives_no_wrong_value(self, bench: Bench) -> None:
        bench.setup()
        bench.bus.attach(bench.address, bench.bus.detach(bench.address))
        values = absent_or(bench.measure)
        assert values is None or not bench.wrong(values)

    def test_a_chip_is_recognised_by_its_own_driver_without_being_touched(
        self, bench: Bench
    ) -> None:
        bench.setup()
        begin = len(bench.bus.messages)
        assert bench.device.identify() is not None
        written = [m.written for m in bench.bus.messages[begin:] if m.written is not None]
        assert all(len(data) <= 2 for data in written)  # a register's or a command's number
        assert not bench.wrong(bench.measure())


def answers(bench: Bench) -> list[bytes | None]:
    """Return what the chip says after each one-byte command or register pointer."""
    port = I2CPort(bench.bus, bench.address, now=standing)
    return [absent_or(partial(port.write_read, bytes([n]), 2)) for n in range(256)]
