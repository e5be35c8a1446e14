"""ST VL53L0X laser distance sensor (datasheet DS11555; registers from ST's API, STSW-IMG005).

Its datasheet has no table of registers: what is written at the setup is what ST's API writes. The
chip has no checksum, but a status for each distance and a flag for a new one. Each measurement is
started, is read in turn with the chip's id, and the settings that bear on it are read back.
"""

from collections.abc import Callable
from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.laser import METRES, SMUDGE, status_error
from drivers.base.registers import refuse_changed, refuse_dead

# Registers
START, SEQUENCE, CLEAR, RESULT, RESET, IDS = 0x00, 0x01, 0x0B, 0x13, 0xBF, 0xC0
OFFSET, SPADS = b"\x28", b"\xb0"
VL53L0X_IDS = b"\xee\xaa\x10"
STEPS = 0xE8  # of a measurement: select SPADs, range roughly, range
VALID = 11
FAILURES = {
    4: "too little light returns",
    6: "the light's phase fits no distance",
    8: "it is too near",
    9: "the light's phase fits no distance",
    10: "it is too near",
}
PERIOD, POLLS, BOOT = 0.005, 15, 0.002  # s

PRIVATE = "8001 ff01 0000"  # opens the page of what belongs to the factory
PUBLIC = "0001 ff00 8000"
TUNING = """
    ff01 0000 ff00 100000 2401ff 7500 ff01 4e2c 4800 3020 ff00 5400 310403 4083 6000 2700 610000
    640000a0 ff01 2232 4714 49ff00 ff00 7a0a00 7821 ff01 2334 4200 44ff2605 4040 0e06 201a 4340
    ff00 340344 ff01 3104 4b090504 ff00 6700 760000 ff01 0d01 ff00 8001 01f8 ff01 8e01 0001 ff00
    8000"""

# µs of the other steps, at any period of the laser's pulses
SELECTION, ROUGH, OVERHEAD = 2055, 8087, 1910 + 960 + 2 * (2055 + 690) + 660 + 550


class VL53L0X:
    """ST VL53L0X laser distance sensor, to 2 m (datasheet DS11555)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS, SMUDGE)
    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    channels = (Channel("distance", "m", 0.03, 2.0, METRES),)

    def __init__(
        self,
        port: I2CPort,
        *,
        long_range: bool = False,
        signal_rate_limit: float = 0.25,
        timing_budget: int = 33,
    ) -> None:
        """`long_range`: pulses for weak echoes, in the dark; it lowers the limit to 0.1.

        `signal_rate_limit`: the least light that counts, 0.01 to 100 million photons per second;
        `timing_budget`: ms of a measurement, 20 to 1000: the longer, the steadier.
        """
        if not 0.01 <= signal_rate_limit <= 100:
            raise ValueError(f"signal_rate_limit is {signal_rate_limit:g}: wanted 0.01 to 100")
        if not 20 <= timing_budget <= 1000:
            raise ValueError(f"timing_budget is {timing_budget}: wanted 20 to 1000 ms")
        self._port = port
        self._seconds = timing_budget / 1000
        limit = min(signal_rate_limit, 0.1) if long_range else signal_rate_limit
        self._settings = settings(timing_budget * 1000, limit, long_range=long_range)
        self._stop = self._offset = b""

    def identify(self) -> Identity | None:
        """Read model, module and revision."""
        found = self._read(IDS, 3) == VL53L0X_IDS
        return Identity("VL53L0X", certain=True) if found else None

    def setup(self) -> Steps[None]:
        """Reset the chip, set it up as ST does, and let it calibrate itself."""
        self._refuse_others()
        yield from self._reset()
        self._offset = self._port.read_steady(2, OFFSET)
        self._send(f"8800 89{self._read(0x89, 1)[0] | 1:02x} {PRIVATE}")  # I2C, at 2.8 V
        self._stop = self._port.read_steady(1, b"\x91")
        self._send(PUBLIC)
        yield from self._select_spads()
        self._send(TUNING)
        for register, value in self._settings.items():
            self._port.write(bytes([register]) + value)
        for step, start in ((0x01, 0x41), (0x02, 0x01)):  # voltage of the SPADs, phase
            self._send(f"{SEQUENCE:02x}{step:02x}")
            yield from self._run(start)
            self._send(f"{START:02x}00")
        self._send(f"{SEQUENCE:02x}{STEPS:02x}")

    def measure(self) -> Steps[Values]:
        """Start a measurement and return its distance, if the chip calls it valid."""
        self._send(f"{PRIVATE} 91{self._stop.hex()} {PUBLIC}")
        yield from self._run(0x01, self._seconds)
        result, ids = self._port.read_in_turn((bytes([RESULT]), 13), (bytes([IDS]), 3))
        refuse_changed(ids, VL53L0X_IDS, self._port.where)
        self._refuse_changes()
        if not result[0] & 0x07:
            raise NotReady(self._port.where, "its result is not new")
        status = result[1] >> 3 & 0x0F
        if status != VALID:
            raise status_error(self._port.where, status, FAILURES)
        values = {"distance": int.from_bytes(result[11:13]) * METRES}
        return checked(self.channels, values, self._port.where)

    def _refuse_others(self) -> None:
        ids = self._port.read_steady(3, bytes([IDS]))
        if ids != VL53L0X_IDS:  # an interrupted setup may have left another page
            self._send("ff00 8000")
            ids = self._port.read_steady(3, bytes([IDS]))
        refuse_dead(ids, self._port.where)
        if ids != VL53L0X_IDS:
            raise WrongChip(self._port.where, f"no VL53L0X: its ids are {ids.hex(' ')}")

    def _reset(self) -> Steps[None]:
        self._send(f"{RESET:02x}00")
        yield BOOT
        self._send(f"{RESET:02x}01")
        yield BOOT
        yield from self._until(lambda: self._read(IDS, 3) == VL53L0X_IDS)

    def _select_spads(self) -> Steps[None]:
        """Enable the photodiodes that the factory found good as a reference."""
        self._send(f"{PRIVATE} ff06")
        self._send(f"83{self._read(0x83, 1)[0] | 0x04:02x} ff07 8101 8001 946b 8300")
        yield from self._until(lambda: self._read(0x83, 1) != b"\x00")
        self._send("8301")
        found = self._port.read_steady(1, b"\x92")[0]
        self._send("8100 ff06")
        self._send(f"83{self._read(0x83, 1)[0] & ~0x04:02x} ff01 {PUBLIC}")
        good = self._port.read_steady(6, SPADS)
        self._send("ff01 4f00 4e2c ff00 b6b4")
        self._port.write(SPADS + selected(good, found & 0x7F, 12 if found & 0x80 else 0))

    def _run(self, start: int, seconds: float = PERIOD) -> Steps[None]:
        """Clear the flag, start, and wait for the flag."""
        self._send(f"{CLEAR:02x}01")
        if self._read(RESULT, 1)[0] & 0x07:
            raise NotReady(self._port.where, "its flag for a new result stays")
        self._send(f"{START:02x}{start:02x}")
        yield seconds
        yield from self._until(lambda: self._read(RESULT, 1)[0] & 0x07 != 0)

    def _until(self, ready: Callable[[], bool]) -> Steps[None]:
        for _ in range(POLLS):
            if ready():
                return
            yield PERIOD
        raise NotReady(self._port.where, "no end after the longest time", "check its supply")

    def _refuse_changes(self) -> None:
        """Raise `LostConfiguration` unless what bears on the distance is as it was set."""
        expected = {START: bytes([0, STEPS]), OFFSET[0]: self._offset, **self._settings}
        for register, wanted in expected.items():
            refuse_changed(self._read(register, len(wanted)), wanted, self._port.where)

    def _read(self, register: int, count: int) -> bytes:
        return self._port.write_read(bytes([register]), count)

    def _send(self, messages: str) -> None:
        """Write each message: the digits of a register and of its values, or more from there."""
        for message in messages.split():
            self._port.write(bytes.fromhex(message))


def settings(microseconds: int, limit: float, *, long_range: bool) -> dict[int, bytes]:
    """Return the registers for a duration in µs and a limit of the signal in Mcps.

    The last step gets what the others leave (VL53L0X_set_measurement_timing_budget_micro_seconds
    of ST's API); its timeout counts from the begin of the rough one.
    """
    rough, fine = (18, 14) if long_range else (14, 10)  # cycles of the laser
    periods = macro_periods(ROUGH, rough)
    last = periods + macro_periods(microseconds - OVERHEAD - ROUGH, fine)
    return {
        0x09: b"\x00\x04",  # whole mm; the flag says that a result is new
        0x20: b"\x00\x00",  # no correction for a cover
        0x30: b"\x07" if long_range else b"\x09",
        0x44: round(limit * 128).to_bytes(2) + bytes([macro_periods(SELECTION, rough) - 1]),
        0x47: b"\x08\x48" if long_range else b"\x08\x28",
        0x50: bytes([rough // 2 - 1]) + encoded(periods),
        0x56: b"\x08\x50" if long_range else b"\x08\x30",
        0x70: bytes([fine // 2 - 1]) + encoded(last),
    }


def macro_periods(microseconds: int, cycles: int) -> int:
    """Return how many of the chip's periods of 2304 pulses a duration has (1.655 ns a cycle)."""
    nanoseconds = (2304 * cycles * 1655 + 500) // 1000
    return (microseconds * 1000 + nanoseconds // 2) // nanoseconds


def encoded(periods: int) -> bytes:
    """Return a timeout as the chip takes it: exponent and mantissa of one less."""
    mantissa, exponent = max(periods - 1, 0), 0
    while mantissa > 0xFF:
        mantissa, exponent = mantissa >> 1, exponent + 1
    return bytes([exponent, mantissa])


def selected(good: bytes, count: int, first: int) -> bytes:
    """Return the first `count` good ones of 48, from the number `first` on, as bits."""
    bits = int.from_bytes(good, "little")
    usable = [n for n in range(first, 48) if bits >> n & 1]
    return sum(1 << n for n in usable[:count]).to_bytes(6, "little")
