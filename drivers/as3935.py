"""ams AS3935 lightning detector (datasheet 1-04, 2012).

The chip has no identification and no checksum. Its registers are read in one row, three times, with
its settings, one of which differs from that after a start. A strike shows as another energy: that
stands, while the flag of a strike is gone once it is read.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.co2 import Limit
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DriverError, LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort, settled
from drivers.base.registers import refuse_dead

# Registers, table 9: gain, thresholds, rejection, interrupt, energy, distance, antenna
FIRST, LENGTH = 0x00, 9
GAINS = {True: 0x12 << 1, False: 0x0E << 1}  # indoors, outdoors
KEEP_STATISTICS = 0xC0  # and a reserved bit that is 1
NO_DISTURBERS = 0x20  # of the interrupt; after a start it is 0
NOISE = 0x01  # of the interrupt
ENERGY = slice(4, 7)
MOST_ENERGY = 0x1F  # bits of its highest byte
CALIBRATE = b"\x3d\x96"
CALIBRATED = 0x3A  # of the first oscillator; the next is that of the second
DONE, FAILED = 0x80, 0x40
CALIBRATION_SECONDS = 0.005

OVERHEAD, AWAY = 0x01, 0x3F
KILOMETRES = (5, 6, 8, 10, 12, 14, 17, 20, 24, 27, 31, 34, 37, 40)
LIMITS = {
    "noise_level": Limit(0, 7, "of its steps"),
    "watchdog_threshold": Limit(0, 10, "of its steps"),
    "spike_rejection": Limit(0, 11, "of its steps"),
    "capacitance": Limit(0, 120, "pF"),
}
CAPACITANCE_STEP = 8  # pF
MOST = 2.0**53  # strikes: a number holds no more of them exactly
SAVE_SECONDS = 60.0


class AS3935:
    """ams AS3935 lightning detector: strikes, and how far the storm is (datasheet 1-04).

    Measure it each second (`every = "1s"`). `strikes` never falls, and survives a restart. The
    `distance` is that of the head of the storm, 0 for overhead; without a storm it has no value.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "several strikes between two measurements: they count as one",
            'a measurement each second, `every = "1s"`: the chip takes as long for each',
        ),
        Blindness(
            "an antenna that is broken or out of tune: it looks like fair weather",
            "`capacitance` as the maker of the board prints it, and a look at a storm that is seen",
        ),
    )
    addresses: ClassVar[tuple[int, ...]] = (0x03,)
    channels = (
        Channel("strikes", "", 0, MOST, 1, "count"),
        Channel("distance", "m", 0, 40_000, 4000),
        Channel("noise", "", 0, 1, 1, "binary"),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        indoor: bool = True,
        noise_level: int = 2,
        watchdog_threshold: int = 2,
        spike_rejection: int = 2,
        capacitance: int = 0,
    ) -> None:
        """`noise_level`, `watchdog_threshold`, `spike_rejection`: more reports less.

        `capacitance`: pF that tune the antenna, in steps of 8.
        """
        given = (noise_level, watchdog_threshold, spike_rejection, capacitance)
        for (name, limit), value in zip(LIMITS.items(), given, strict=True):
            limit.check(name, value)
        if capacitance % CAPACITANCE_STEP:
            raise ValueError(f"capacitance is {capacitance}: wanted a multiple of 8 pF")
        self._port = port
        second, third = noise_level << 4 | watchdog_threshold, KEEP_STATISTICS | spike_rejection
        self._settings = bytes([GAINS[indoor], second, third, NO_DISTURBERS])
        self._antenna = capacitance // CAPACITANCE_STEP
        self._strikes = 0
        self._energy = bytes(3)

    def identify(self) -> Identity | None:
        """Look whether its bits that are always the same are so: that is not certain."""
        row = self._block(LENGTH)
        fits = row[0] & 0xC0 == 0 and row[2] & 0x80 and row[7] in codes()
        return Identity("AS3935", certain=False) if fits else None

    def setup(self) -> Steps[None]:
        """Calibrate its oscillators and set it; forget a strike from before."""
        self._port.write(CALIBRATE)
        yield CALIBRATION_SECONDS
        done = settled(partial(self._block, CALIBRATED + 2), self._port.where)[CALIBRATED:]
        if any(each & FAILED for each in done) or not all(each & DONE for each in done):
            what = f"its oscillators are not calibrated: {done.hex(' ')}"
            raise NotReady(self._port.where, what, "is it an AS3935? Check its supply")
        self._port.write(bytes([FIRST]) + self._settings)
        self._port.write(bytes([FIRST + LENGTH - 1, self._antenna]))
        row = self._row()
        if self._held(row) != self._wanted():
            raise WrongChip(self._port.where, f"no AS3935: it holds {row.hex(' ')}")
        self._energy = row[ENERGY]

    def measure(self) -> Steps[Values]:
        """Read what it holds; count a strike if its energy is another one."""
        row = self._row()
        yield from ()
        if self._held(row) != self._wanted():
            what = (
                f"its settings are {self._held(row).hex(' ')} instead of {self._wanted().hex(' ')}"
            )
            raise LostConfiguration(self._port.where, what)
        distance = self._distance(row[7])
        if row[ENERGY] != self._energy:
            self._energy = row[ENERGY]
            self._strikes += 1
        values: dict[str, float | DriverError] = {
            "strikes": self._strikes,
            "distance": distance,
            "noise": row[3] & NOISE,
        }
        return checked(self.channels, values, self._port.where)

    def save_interval(self) -> float:
        """Return the seconds of which a kill may lose the strikes."""
        return SAVE_SECONDS

    def total(self, *, stopped: bool) -> dict[str, Any]:
        """Return the strikes of all runs."""
        del stopped
        return {"strikes": self._strikes}

    def resume(self, saved: Mapping[str, Any], logged: Mapping[str, float]) -> None:
        """Continue from the saved strikes, or from those that were logged last."""
        found = saved.get("strikes", logged.get("strikes"))
        if isinstance(found, int | float) and 0 <= found <= MOST:
            self._strikes = round(found)

    def _row(self) -> bytes:
        """Read what agrees; the first read clears the flag of an event."""
        self._block(LENGTH)
        row = settled(partial(self._block, LENGTH), self._port.where)
        refuse_dead(row, self._port.where)
        return row

    def _block(self, count: int) -> bytes:
        """Read from the first register on: other reads fail at times, as those without a stop."""
        self._port.write(bytes([FIRST]))
        return self._port.read(count)

    def _held(self, row: bytes) -> bytes:
        """Return the settings of a row."""
        return row[:3] + bytes([row[3] & ~0x0F, row[6] & ~MOST_ENERGY, row[8]])

    def _wanted(self) -> bytes:
        return self._settings + bytes([0, self._antenna])

    def _distance(self, code: int) -> float | DriverError:
        if code == AWAY:
            return OutOfRange(self._port.where, "there is no storm within 40 km")
        if code not in codes():
            raise OutOfRange(self._port.where, f"{code} is none of its distances")
        return 0.0 if code == OVERHEAD else 1000.0 * code


def codes() -> set[int]:
    """Return what the register of the distance can hold (figure 43)."""
    return {OVERHEAD, AWAY, *KILOMETRES}
