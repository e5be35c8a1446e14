"""ST VL53L1X laser distance sensor (datasheet DS12385; registers from ST's API, STSW-IMG009).

Its datasheet has no table of registers: what is written at the setup is what ST's API writes. The
chip has no checksum, but a status for each distance and a flag for a new one. It finds out whether
an echo is that of the pulse before only with a second distance: each measurement takes two.
"""

from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.laser import METRES, SMUDGE, status_error
from drivers.base.registers import refuse_changed, refuse_dead

# Registers, of 16 bits
RESET, FACTORY, CONFIGURATION, FLAG = 0x0000, 0x0016, 0x002D, 0x0031
INTERVAL, CLEAR, START, RESULT = 0x006C, 0x0086, 0x0087, 0x0089
OSCILLATOR, BOOTED, IDS = 0x00DE, 0x00E5, 0x010F
VL53L1X_IDS = b"\xea\xcc"
VL53L0X = b"\xc0", b"\xee"  # its register of 8 bits, and what it says: it is asked nothing else
STOPPED, REPEATED = 0x00, 0x40
VALID = 9
FAILURES = {
    4: "too little light returns",
    5: "the light's phase fits no distance",
    6: "it is too unsteady",
    7: "the echo is that of an earlier pulse",
    8: "it is too near",
    13: "it is too near",
}
DEFAULT = bytes.fromhex("""
    00 01 01 01 02 00 02 08 00 08 10 01 01 00 00 00 00 ff 00 0f 00 00 00 00 00 20 0b 00 00 02 0a 21
    00 00 05 00 00 00 00 c8 00 00 38 ff 01 00 08 00 00 01 cc 0f 01 f1 0d 01 68 00 80 08 b8 00 00 00
    00 0f 89 00 00 00 00 00 00 00 01 0f 0d 0e 0e 00 00 02 c7 ff 9b 00 00 00 01 00 00""")
PUBLIC = ((0x30, 1), (0x46, 6), (0x5E, 12), (INTERVAL, 4), (0x78, 4), (0x7F, 2))  # read back
PAUSE, PERIOD, POLLS, BOOT = 0.03, 0.005, 30, 0.002  # s

TimingBudget = Literal[20, 33, 50, 100, 200, 500]


class Mode(NamedTuple):
    """What a distance mode needs: single registers, and both timeouts of each timing budget."""

    reach: float  # m
    registers: dict[int, str]
    timeouts: dict[int, tuple[str, str]]


MODES = {
    "short": Mode(
        1.3,
        {0x4B: "14", 0x60: "07", 0x63: "05", 0x69: "38", 0x78: "07050606"},
        {
            20: ("0051", "006e"),
            33: ("00d6", "006e"),
            50: ("01ae", "01e8"),
            100: ("02e1", "0388"),
            200: ("03e1", "0496"),
            500: ("0591", "05c1"),
        },
    ),
    "long": Mode(
        4.0,
        {0x4B: "0a", 0x60: "0f", 0x63: "0d", 0x69: "b8", 0x78: "0f0d0e0e"},
        {
            20: ("001e", "0022"),
            33: ("0060", "006e"),
            50: ("00ad", "00c6"),
            100: ("01cc", "01ea"),
            200: ("02d9", "02f8"),
            500: ("048f", "04a4"),
        },
    ),
}


class VL53L1X:
    """ST VL53L1X laser distance sensor, to 4 m (datasheet DS12385)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS, SMUDGE)
    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    channels: tuple[Channel, ...] = (Channel("distance", "m", 0.04, 4.0, METRES),)

    def __init__(
        self,
        port: I2CPort,
        *,
        distance_mode: Literal["short", "long"] = "long",
        timing_budget: TimingBudget = 50,
    ) -> None:
        """`distance_mode`: "short" bears more light, to 1.3 m; `timing_budget`: ms of a distance.

        The longer, the steadier; a measurement takes twice as long.
        """
        self._port = port
        self._seconds = timing_budget / 1000
        mode = MODES[distance_mode]
        self._configuration = configuration(mode, timing_budget)
        self._interval = self._factory = b""
        self.channels = (Channel("distance", "m", 0.04, mode.reach, METRES),)

    def identify(self) -> Identity | None:
        """Read model and module, unless it is a VL53L0X, which would take that for a write."""
        asked, answer = VL53L0X
        if self._port.write_read(asked, 1) == answer:
            return None
        found = self._read(IDS, 2) == VL53L1X_IDS
        return Identity("VL53L1X", certain=True) if found else None

    def setup(self) -> Steps[None]:
        """Reset the chip, set it up as ST does, and let it calibrate itself."""
        self._refuse_others()
        self._write(RESET, b"\x00")
        yield BOOT
        self._write(RESET, b"\x01")
        yield BOOT
        yield from self._until(BOOTED, 0x01)
        self._factory = self._port.read_steady(14, address(FACTORY))
        ticks = int.from_bytes(self._port.read_steady(2, address(OSCILLATOR))) & 0x03FF
        interval = round(ticks * 1.075 * 1000 * (self._seconds + PAUSE))
        self._interval = interval.to_bytes(4)
        self._write(CONFIGURATION, self._configuration)
        self._write(INTERVAL, self._interval)
        yield from self._measured(1)
        self._write(0x0008, b"\x09")  # the SPADs' voltage: look at its neighbours only,
        self._write(0x000B, b"\x00")  # and begin with the last one

    def measure(self) -> Steps[Values]:
        """Measure twice, and return the second distance, if the chip calls it valid."""
        yield from self._measured(2)
        flag, result, ids = self._port.read_in_turn(
            (address(FLAG), 1), (address(RESULT), 15), (address(IDS), 2)
        )
        refuse_changed(ids, VL53L1X_IDS, self._port.where)
        self._refuse_changes()
        if not flag[0] & 0x01:
            raise NotReady(self._port.where, "its result is not new")
        status = result[0] & 0x1F
        if status != VALID:
            raise status_error(self._port.where, status, FAILURES)
        values = {"distance": int.from_bytes(result[13:15]) * METRES}
        return checked(self.channels, values, self._port.where)

    def _refuse_others(self) -> None:
        ids = self._port.read_steady(2, address(IDS))
        refuse_dead(ids, self._port.where)
        if ids != VL53L1X_IDS:
            raise WrongChip(self._port.where, f"no VL53L1X: its ids are {ids.hex(' ')}")

    def _measured(self, times: int) -> Steps[None]:
        """Start, wait for so many results, and stop."""
        self._write(START, bytes([STOPPED]))
        for n in range(times):
            self._write(CLEAR, b"\x01")
            if self._read(FLAG, 1)[0] & 0x01:
                raise NotReady(self._port.where, "its flag for a new result stays")
            if n == 0:
                self._write(START, bytes([REPEATED]))
            yield self._seconds
            yield from self._until(FLAG, 0x01)
        self._write(START, bytes([STOPPED]))

    def _until(self, register: int, bit: int) -> Steps[None]:
        for _ in range(POLLS):
            if self._read(register, 1)[0] & bit:
                return
            yield PERIOD
        raise NotReady(self._port.where, "no end after the longest time", "check its supply")

    def _refuse_changes(self) -> None:
        """Raise `LostConfiguration` unless what bears on the distance is as it was set."""
        expected = {FACTORY: self._factory, START: bytes([STOPPED])}
        for register, count in PUBLIC:
            begin = register - CONFIGURATION
            expected[register] = self._configuration[begin : begin + count]
        expected[INTERVAL] = self._interval
        for register, wanted in expected.items():
            refuse_changed(self._read(register, len(wanted)), wanted, self._port.where)

    def _read(self, register: int, count: int) -> bytes:
        return self._port.write_read(address(register), count)

    def _write(self, register: int, values: bytes) -> None:
        self._port.write(address(register) + values)


def address(register: int) -> bytes:
    """Return a register's number as the chip takes it."""
    return register.to_bytes(2)


def configuration(mode: Mode, timing_budget: int) -> bytes:
    """Return the registers from 0x2D on: ST's, with a mode's and a timing budget's (ms)."""
    first, second = mode.timeouts[timing_budget]
    held = bytearray(DEFAULT)
    for register, digits in {**mode.registers, 0x5E: first, 0x61: second}.items():
        values, begin = bytes.fromhex(digits), register - CONFIGURATION
        held[begin : begin + len(values)] = values
    return bytes(held)
