"""ScioSense ENS160 and ENS161 gas sensors (datasheet SC-001224-DS).

The chip has flags for a new result and for its warm-up, but no checksum that a lost frame leaves
intact: results are read in turn with its part number, its mode and its settings.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.base.gas import GasSensor
from drivers.base.registers import refuse_changed, refuse_dead

# Registers, table 16; words have their low byte first
PART, MODE, SURROUNDINGS, STATUS, DATA = 0x00, 0x10, 0x13, 0x20, 0x21
PARTS = {b"\x60\x01": "ENS160", b"\x61\x01": "ENS161"}
RESET, IDLE, STANDARD = 0xF0, 0x01, 0x02
MODE_SECONDS = 0.01
NEW = 0x02  # bit of the status
PHASES = {
    1: "it warms up, for three minutes",
    2: "it starts for the first time, for an hour",
    3: "it says that its result is invalid",
}
PERIOD, POLLS = 0.1, 12  # it has a result each second


class ENS160(GasSensor):
    """ScioSense ENS160 or ENS161 gas sensor: air quality, equivalent CO2 and TVOC (SC-001224-DS).

    `aqi` is that of the German UBA, 1 for excellent to 5 for unhealthy. It has no
    value for three minutes after each start, and for an hour of its life.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x53, 0x52)
    celsius: ClassVar[tuple[float, float]] = (-40, 85)
    _taken = b""
    channels = (
        Channel("aqi", "", 1, 5, 1),
        Channel("eco2", "ppm", 400, 65000, 1, "carbon_dioxide"),
        Channel("tvoc", "ppb", 0, 65000, 1, "volatile_organic_compounds_parts"),
    )

    def _encoded(self, humidity: float, temperature: float) -> bytes:
        return compensation(humidity, temperature)

    def identify(self) -> Identity | None:
        """Read the part number."""
        chip = PARTS.get(self._port.write_read(bytes([PART]), 2))
        return Identity(chip, certain=True) if chip else None

    def setup(self) -> Steps[None]:
        """Start the chip unless it runs: its warm-up is long; raise `WrongChip` for another."""
        part = self._port.read_steady(2, bytes([PART]))
        refuse_dead(part, self._port.where)
        if part not in PARTS:
            what = f"no ENS160: its part number is {int.from_bytes(part, 'little'):04x}"
            raise WrongChip(self._port.where, what)
        if self._port.read_steady(1, bytes([MODE]))[0] != STANDARD:
            yield from self._start()
        self._compensate()

    def _compensate(self) -> None:
        """Let the chip compute with the surroundings of now."""
        self._taken = self._surroundings
        self._port.write(bytes([SURROUNDINGS]) + self._taken)

    def _start(self) -> Steps[None]:
        for mode in (RESET, IDLE, STANDARD):
            self._port.write(bytes([MODE, mode]))
            yield MODE_SECONDS

    def measure(self) -> Steps[Values]:
        """Wait for the next result; raise `NotReady` if the chip says that none is valid."""
        if self._taken != self._surroundings:
            self._compensate()
        self._port.write_read(bytes([DATA]), 5)  # clears the flag of an older result
        yield from self._renewed()
        part, data, mode, held = self._port.read_in_turn(
            (bytes([PART]), 2), (bytes([DATA]), 5), (bytes([MODE]), 1), (bytes([SURROUNDINGS]), 4)
        )
        refuse_dead(part, self._port.where)
        wanted = bytes([STANDARD]) + self._taken
        refuse_changed(mode + held, wanted, self._port.where)
        values = {
            "aqi": data[0] & 0x07,
            "tvoc": int.from_bytes(data[1:3], "little"),
            "eco2": int.from_bytes(data[3:5], "little"),
        }
        return checked(self.channels, values, self._port.where)

    def _renewed(self) -> Steps[None]:
        for _ in range(POLLS):
            yield PERIOD
            seen = [self._port.write_read(bytes([STATUS]), 1)[0] for _ in range(READS)]
            for phase in (status >> 2 & 3 for status in seen):
                if phase:
                    raise NotReady(self._port.where, PHASES[phase])
            if all(status & NEW for status in seen):
                return
        if self._port.write_read(bytes([MODE]), 1)[0] != STANDARD:
            raise LostConfiguration(self._port.where, "it does not run")
        raise NotReady(self._port.where, "no result for longer than a second")


def compensation(humidity: float, temperature: float) -> bytes:
    """Return both as the chip takes them: 1/64 K, then 1/512 % (25 °C: 4A8A; 50 %: 6400)."""
    words = (round((temperature + 273.15) * 64), round(humidity * 512))
    return b"".join(word.to_bytes(2, "little") for word in words)
