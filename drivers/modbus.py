"""Registers of meters and other units on Modbus, which the configuration or a map describes."""

from typing import ClassVar, Literal

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.declared import declared
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.modbus import ModbusPort
from drivers.base.modbus_values import ModbusValue, blocks, meter_map
from drivers.base.serial import LineSettings

SHORTEST, LONGEST = 0.05, 10.0  # seconds
SLACK = 5.0  # seconds that the other units of the line may hold it up
SLOWEST, FASTEST = 300, 115_200  # baud
WIDEST_GAP = 100


class Modbus:
    """A meter or another unit on Modbus RTU or TCP, by its registers; it is read, never written."""

    bus: ClassVar[BusKind] = "modbus"
    shared: ClassVar[str] = "modbus"  # a line carries one request at a time
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "a map that is not the meter's: most numbers look like any other",
            "narrow `low` and `high`, and a look at the meter's display",
        ),
        Blindness(
            "an answer on a serial line that comes later than twice `timeout`: nothing in it says"
            " to which request it belongs",
            "a `timeout` that is longer than the meter ever needs, or Modbus TCP",
        ),
        Blindness(
            "an old value that a meter or a gateway repeats: registers have no time",
            "a meter of its own line, without a gateway that remembers",
        ),
    )
    channels: tuple[Channel, ...] = ()

    def __init__(
        self,
        port: ModbusPort,
        *,
        map: Literal["none", "sdm120", "sdm230", "pzem004t"] = "none",  # noqa: A002 - the usual word
        values: tuple[ModbusValue, ...] = (),
        gap: int = 0,
        timeout: float = 1.0,
        baud: int = 9600,
        parity: Literal["none", "even", "odd"] = "none",
        stop_bits: Literal[1, 2] = 1,
    ) -> None:
        """`gap`: unused registers that may be read along; `timeout`: s for each request."""
        if not SHORTEST <= timeout <= LONGEST:
            raise ValueError(f"timeout is {timeout:g}: wanted {SHORTEST:g} to {LONGEST:g} s")
        if not 0 <= gap <= WIDEST_GAP:
            raise ValueError(f"gap is {gap}: wanted 0 to {WIDEST_GAP}")
        if not SLOWEST <= baud <= FASTEST:
            raise ValueError(f"baud is {baud}: wanted {SLOWEST} to {FASTEST}")
        self._values = (*(() if map == "none" else meter_map(map)), *values)
        self.channels = declared("values", self._values)
        self._blocks = blocks(self._values, gap)
        self.deadline = 3 * timeout * len(self._blocks) + SLACK
        self._port = port
        self._timeout = timeout
        self._settings = LineSettings(baud, parity, stop_bits)

    def setup(self) -> Steps[None]:
        """Do nothing: a unit is read as it is."""
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read all registers, one request after the other."""
        values: dict[str, float] = {}
        for block in self._blocks:
            data = yield from self._port.read(block, self._settings, self._timeout)
            end = block.first + block.count
            for one in self._values:
                if one.block.function == block.function and block.first <= one.register < end:
                    values[one.name] = one.value(data, block.first)
        hint = "correct `low` and `high`, or `scale` and `type`"
        return checked(self.channels, values, self._port.where, hint)
