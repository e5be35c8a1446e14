"""ams CCS811 gas sensor (datasheet DS000459 v3).

The chip has flags for a new result and for errors, but no checksum: results are read in turn with
its hardware id and its mode.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.base.gas import GasSensor
from drivers.base.registers import refuse_changed, refuse_dead

# Registers, table 12
STATUS, MODE, RESULT, SURROUNDINGS = 0x00, 0x01, 0x02, 0x05
HARDWARE, ERROR, START, RESET = 0x20, 0xE0, 0xF4, 0xFF
CCS811_ID = b"\x81"
RESET_WORD = b"\x11\xe5\x72\x8a"
EACH_SECOND = b"\x10"
RUNS, APPLICATION, NEW, FAILED = 0x80, 0x10, 0x08, 0x01  # bits of the status
START_SECONDS = 0.02
PERIOD, POLLS = 0.1, 14  # it has a result each second, within a few percent


class CCS811(GasSensor):
    """ams CCS811 gas sensor: equivalent CO2 and TVOC (datasheet DS000459).

    Let it run for 48 hours when it is new.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        TWINS,
        Blindness(
            "that it is cold: its results are rough for 20 minutes after each start",
            "an ENS160, which says that it warms up",
        ),
        Blindness(
            "a humidity, a temperature or a baseline that another program sets",
            "one program for each chip, or an ENS160, whose settings are read back",
        ),
    )
    addresses: ClassVar[tuple[int, ...]] = (0x5A, 0x5B)
    celsius: ClassVar[tuple[float, float]] = (-25, 100)
    _taken = b""
    channels = (
        # The highest of each is what it says of more, too
        Channel("eco2", "ppm", 400, 29205, 1, "carbon_dioxide"),
        Channel("tvoc", "ppb", 0, 32767, 1, "volatile_organic_compounds_parts"),
    )

    def _encoded(self, humidity: float, temperature: float) -> bytes:
        return compensation(humidity, temperature)

    def identify(self) -> Identity | None:
        """Read the hardware id."""
        found = self._port.write_read(bytes([HARDWARE]), 1) == CCS811_ID
        return Identity("CCS811", certain=True) if found else None

    def setup(self) -> Steps[None]:
        """Start the chip unless it runs: its warm-up is long; raise `WrongChip` for another."""
        found = self._port.read_steady(1, bytes([HARDWARE]))
        refuse_dead(found, self._port.where)
        if found != CCS811_ID:
            raise WrongChip(self._port.where, f"no CCS811: its hardware id is {found.hex()}")
        mode = self._port.read_steady(1, bytes([MODE]))
        if mode != EACH_SECOND or not self._status() & RUNS:
            yield from self._start()
        self._compensate()

    def _compensate(self) -> None:
        """Let the chip compute with the surroundings of now."""
        self._taken = self._surroundings
        self._port.write(bytes([SURROUNDINGS]) + self._taken)

    def _start(self) -> Steps[None]:
        self._port.write(bytes([RESET]) + RESET_WORD)
        yield START_SECONDS
        if not self._status() & APPLICATION:
            raise NotReady(self._port.where, "it has no application", "load its firmware again")
        self._port.write(bytes([START]))
        yield START_SECONDS
        self._port.write(bytes([MODE]) + EACH_SECOND)

    def measure(self) -> Steps[Values]:
        """Wait for the next result."""
        if self._taken != self._surroundings:
            self._compensate()
        self._port.write_read(bytes([RESULT]), 4)  # clears the flag of an older one
        yield from self._renewed()
        hardware, data, mode = self._port.read_in_turn(
            (bytes([HARDWARE]), 1), (bytes([RESULT]), 4), (bytes([MODE]), 1)
        )
        refuse_changed(hardware + mode, CCS811_ID + EACH_SECOND, self._port.where)
        values = {"eco2": int.from_bytes(data[:2]), "tvoc": int.from_bytes(data[2:])}
        return checked(self.channels, values, self._port.where)

    def _renewed(self) -> Steps[None]:
        for _ in range(POLLS):
            yield PERIOD
            seen = [self._status() for _ in range(READS)]
            if any(status & FAILED for status in seen):
                error = self._port.write_read(bytes([ERROR]), 1).hex()
                raise NotReady(self._port.where, f"its error register is {error}")
            if not all(status & RUNS for status in seen):
                raise LostConfiguration(self._port.where, "it does not run")
            if all(status & NEW for status in seen):
                return
        raise NotReady(self._port.where, "no result for longer than a second")

    def _status(self) -> int:
        return self._port.write_read(bytes([STATUS]), 1)[0]


def compensation(humidity: float, temperature: float) -> bytes:
    """Return both as the chip takes them: 1/512 %, then 1/512 °C from -25 (50 %, 25 °C: 6400)."""
    words = (round(humidity * 512), round((temperature + 25) * 512))
    return b"".join(word.to_bytes(2) for word in words)
