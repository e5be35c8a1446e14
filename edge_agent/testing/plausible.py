"""What a plausible frame may hide: claims about values that look like any other."""

from collections.abc import Collection, Iterable, Iterator
from itertools import cycle, repeat
from typing import ClassVar

from drivers.base.blindness import DARKNESS, DEW, STUCK_MASS, TWINS
from drivers.base.errors import DriverError
from drivers.base.i2c import I2CPort
from edge_agent.testing.bench import (
    Bench,
    BusMessage,
    absent_or,
    at,
    off,
    standing,
)
from edge_agent.testing.share import some_and_every
from edge_agent.testing.wires import Twins
from simulators.model import I2CModel

# The claims that chips cannot keep whose drivers name one of these
DEAD = "test_a_dead_element_gives_no_wrong_value"
SHARED = {
    DEW: "test_a_value_far_beyond_its_range_is_absent_not_the_end_of_the_range[above]",
    TWINS: "test_two_alike_chips_at_one_address_give_no_wrong_value",
    DARKNESS: DEAD,
    STUCK_MASS: DEAD,
}
VALUES = (0x00, 0x14, 0xFF)


class PlausibleFrames:
    """Claims about what no checksum and no flag marks as wrong."""

    model: type[I2CModel]
    notices_within: ClassVar[int] = 0  # measurements, of what it asks for only in turn

    @some_and_every
    def test_a_setting_that_another_program_changes_gives_no_wrong_value(
        self, bench: Bench, every: bool
    ) -> None:
        port = I2CPort(bench.bus, bench.address, now=standing)
        absent_or(bench.read)
        calls = (bench.measure, bench.read)
        own = set(range(256)) if every else registers(bench.bus.messages)
        writes = [(data, calls if data[0] in own else calls[:1]) for data in register_writes(own)]
        shares = cycle((0.6137, 0.31))
        for data, asked in (*writes, *zip(bench.model.meddling, repeat(calls))):
            if not sent(bench, port, data):
                continue
            bench.expose(next(shares))
            if isinstance(data, tuple):
                self._let_it_notice(bench)
            for call in asked:
                values = absent_or(call)
                assert values is None or not bench.wrong(values), f"after {shown(data)}"
                bench.clock.advance(1)
            if values is None:
                bench.model.power_on()
                bench.read()

    def _let_it_notice(self, bench: Bench) -> None:
        """Measure until the driver has looked at each setting: it asks for some only in turn."""
        for _ in range(self.notices_within):
            bench.settled()
            if absent_or(bench.measure) is None:
                return

    def test_a_chip_exchanged_for_another_of_its_kind_gives_no_wrong_value(
        self, bench: Bench
    ) -> None:
        bench.read()
        other = self.model(bench.clock)
        other.vary()
        bench.replace(other)
        bench.model = other
        for share in (0.2, 0.6, 0.4):
            values = absent_or(bench.expose(share).measure)
            assert values is None or not bench.wrong(values)
        assert not bench.wrong(bench.read())

    def test_a_chip_that_restarted_between_two_polls_gives_no_wrong_value(
        self, bench: Bench
    ) -> None:
        bench.read()
        bench.model.power_on()
        for seconds in (0.0, 1.0, 10.0, 30.0):
            bench.clock.advance(seconds)
            values = absent_or(bench.expose(0.6).measure)
            assert values is None or not bench.wrong(values)

    def test_two_alike_chips_at_one_address_give_no_wrong_value(self, bench: Bench) -> None:
        other = self.model(bench.clock)
        other.vary()
        bench.replace(Twins(bench.model, other))
        for share in (0.2, 0.7, 0.5):
            for n, (name, span) in enumerate(other.inputs.items()):
                apart = 0.07 * (-1) ** n
                bench.model.set(name, at(span, share + apart))
                other.set(name, at(span, share - apart))
            values = absent_or(bench.settled().read)
            one, both = bench.device.channels, (bench.model.truth(), other.truth())
            assert values is None or any(not off(one, values, truth) for truth in both)


def sent(bench: Bench, port: I2CPort, data: bytes | tuple[bytes, ...]) -> bool:
    """Send what another program sends, each message a second apart; return whether it is taken."""
    for message in data if isinstance(data, tuple) else (data,):
        try:
            port.write(message)
        except DriverError:
            return False  # the chip takes no such command
        if isinstance(data, tuple):
            bench.clock.advance(1)
    return True


def shown(data: bytes | tuple[bytes, ...]) -> str:
    """Return messages as hexadecimal digits."""
    return ", ".join(one.hex(" ") for one in (data if isinstance(data, tuple) else (data,)))


def registers(messages: Iterable[BusMessage]) -> set[int]:
    """Return the registers that messages write or ask for."""
    written = [each.written for each in messages if each.written]
    return {(data[0] + n) % 256 for data in written for n in range(max(len(data) - 1, 1))}


def register_writes(own: Collection[int]) -> Iterator[bytes]:
    """Yield what a program could write to any register of 8 bits or 16.

    It tries each of `VALUES` in the driver's own registers, and the last one in the others.
    """
    for register in range(256):
        for value in VALUES if register in own else VALUES[-1:]:
            yield bytes([register, value])
            yield bytes([register, value, 0x00])
            yield bytes([register, 0x00, value])
