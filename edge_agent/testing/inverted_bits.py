"""One inverted bit on the wire, and what a chip and its driver make of it afterwards."""

from collections.abc import Callable
from typing import TypeAlias

from drivers.base.errors import DriverError
from edge_agent.testing.bench import Bench, absent_or
from edge_agent.testing.wires import NEVER

Wrong: TypeAlias = dict[str, tuple[float, float]]  # value and truth by channel
Strike: TypeAlias = Callable[[Bench, int], tuple[int, Wrong]]


def at_setup(bench: Bench, bit: int) -> tuple[int, Wrong]:
    """Return how many bits a setup carries, and what is wrong after one of them is inverted."""
    bench.wire.arm(bit)
    try:
        bench.setup()
    except DriverError:
        return bench.wire.carried, {}  # a chip that is not set up is not measured
    carried = bench.wire.carried
    bench.wire.arm(NEVER)
    return carried, _wrong_at(bench, 0.4) or _wrong_at(bench, 0.6)


def at_a_measurement(bench: Bench, bit: int) -> tuple[int, Wrong]:
    """Return how many bits a measurement carries, and what is wrong then or afterwards."""
    bench.setup()
    _wrong_at(bench, 0.4)
    bench.wire.arm(bit)
    wrong = _wrong_at(bench, 0.6)
    carried = bench.wire.carried
    bench.wire.arm(NEVER)
    return carried, wrong or _wrong_at(bench, 0.5) or _wrong_at(bench, 0.3)


def _wrong_at(bench: Bench, share: float) -> Wrong:
    bench.expose(share)
    values = absent_or(bench.measure)
    return {} if values is None else bench.wrong(values)
