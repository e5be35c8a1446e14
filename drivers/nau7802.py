"""Nuvoton NAU7802 converter for load cells (datasheet rev 1.7).

The chip has no checksum, but a flag for a new result, and one for a calibration that failed. Each
measurement begins a new row of conversions, reads the result several times, beside the chip's
revision, and reads its settings and its calibration back.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import LOOSE_CELL, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_changed, refuse_dead, signed

# Registers
POWER, CONTROL_1, CONTROL_2, OFFSET, FACTOR, RESULT = 0x00, 0x01, 0x02, 0x03, 0x06, 0x12
CHOPPER, PGA, CAPACITOR, REVISION = 0x15, 0x1B, 0x1C, 0x1F
RESET, DIGITAL, ANALOG, POWERED, RUNS, NEW, INTERNAL = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x80
CALIBRATES, FAILED = 0x04, 0x08  # bits of the second control
NAU7802_REVISION = 0x0F  # of its four bits
GAINS = (1, 2, 4, 8, 16, 32, 64, 128)  # each by the order of their fields
VOLTAGES = ("4.5V", "4.2V", "3.9V", "3.6V", "3.3V", "3.0V", "2.7V", "2.4V")
RATES = (10, 20, 40, 80)
SETTLES = 4  # results that the filter needs
CODES = 1 << 23
START_UP, WARM_UP, CALIBRATION, POLLS = 0.002, 0.6, 0.1, 10  # s

Gain = Literal[1, 2, 4, 8, 16, 32, 64, 128]
Voltage = Literal["2.4V", "2.7V", "3.0V", "3.3V", "3.6V", "3.9V", "4.2V", "4.5V", "external"]


class NAU7802:
    """Nuvoton NAU7802 converter for a load cell (datasheet rev 1.7).

    `raw` is what it counts; `edge-agent calibrate` finds the channel's `scale` and `offset` by
    weights that you know.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (LOOSE_CELL, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x2A,)
    channels = (Channel("raw", "", 1 - CODES, CODES - 2, 1),)  # an end is what is beyond it

    def __init__(
        self,
        port: I2CPort,
        *,
        gain: Gain = 128,
        samples_per_second: Literal[10, 20, 40, 80] = 10,
        ldo_voltage: Voltage = "3.0V",
    ) -> None:
        """`samples_per_second`: the fewer, the steadier; a measurement takes four.

        `ldo_voltage`: what the chip gives the load cell, at least 0.3 V below its supply;
        "external" if the board does.
        """
        self._port = port
        self._period = 1 / samples_per_second
        own = ldo_voltage != "external"
        field = VOLTAGES.index(ldo_voltage) if own else 0
        self._power = DIGITAL | ANALOG | (INTERNAL if own else 0)
        self._controls = bytes(
            [field << 3 | GAINS.index(gain), RATES.index(samples_per_second) << 4]
        )
        self._calibration = b""

    def identify(self) -> Identity | None:
        """Read the revision, which is of four bits only."""
        found = self._read(REVISION, 1)[0] & 0x0F == NAU7802_REVISION
        return Identity("NAU7802", certain=False) if found else None

    def setup(self) -> Steps[None]:
        """Reset the chip, set it up, and let it calibrate its offset."""
        revision = self._port.read_steady(1, bytes([REVISION]))
        refuse_dead(revision, self._port.where)
        if revision[0] & 0x0F != NAU7802_REVISION:
            raise WrongChip(self._port.where, f"no NAU7802: its revision is {revision.hex()}")
        for value in (RESET, DIGITAL):
            self._write(POWER, value)
            yield START_UP
        self._write(POWER, self._power)
        for register, values in self._settings().items():
            for offset, value in enumerate(values):
                self._write(register + offset, value)
        yield WARM_UP
        yield from self._calibrate()
        self._calibration = self._port.read_steady(3, bytes([OFFSET]))

    def _settings(self) -> dict[int, bytes]:
        """Return the registers: gain, speed, no correction by a factor, an amplifier at rest."""
        return {
            CONTROL_1: self._controls,
            FACTOR: b"\x00\x80\x00\x00",
            CHOPPER: b"\x30",  # none
            PGA: b"\x00",
            CAPACITOR: b"\x80",
        }

    def _calibrate(self) -> Steps[None]:
        self._write(CONTROL_2, self._controls[1] | CALIBRATES)
        begun = self._port.read_steady(1, bytes([CONTROL_2]))
        refuse_changed(begun, bytes([self._controls[1] | CALIBRATES]), self._port.where)
        for _ in range(POLLS):
            yield CALIBRATION
            status = self._port.read_steady(1, bytes([CONTROL_2]))[0]
            if not status & CALIBRATES:
                break
        if status & (CALIBRATES | FAILED):
            raise NotReady(self._port.where, "its calibration failed", "check the load cell")

    def measure(self) -> Steps[Values]:
        """Convert until the filter has settled, and return that result."""
        self._write(POWER, self._power)
        self._write(POWER, self._power | RUNS)
        for _ in range(SETTLES):
            self._read(RESULT, 3)  # clears the flag
            if self._read(POWER, 1)[0] & NEW:
                raise NotReady(self._port.where, "its flag for a new result stays")
            yield self._period
            yield from self._finished()
        data, revision = self._port.read_in_turn((bytes([RESULT]), 3), (bytes([REVISION]), 1))
        refuse_dead(revision, self._port.where)
        self._refuse_changes()
        values = {"raw": signed(int.from_bytes(data), 24)}
        hint = "take a lower `gain`, or a load cell for more"
        return checked(self.channels, values, self._port.where, hint)

    def _finished(self) -> Steps[None]:
        for _ in range(POLLS):
            if self._read(POWER, 1)[0] & NEW:
                return
            yield self._period / 5
        raise NotReady(self._port.where, "no result after the longest time", "check its supply")

    def _refuse_changes(self) -> None:
        """Raise `LostConfiguration` unless what bears on the result is as it was set."""
        power = self._power | RUNS | POWERED
        held = bytes([self._read(POWER, 1)[0] & ~NEW])
        refuse_changed(held, bytes([power]), self._port.where)
        for register, wanted in {**self._settings(), OFFSET: self._calibration}.items():
            refuse_changed(self._read(register, len(wanted)), wanted, self._port.where)

    def _read(self, register: int, count: int) -> bytes:
        return self._port.write_read(bytes([register]), count)

    def _write(self, register: int, value: int) -> None:
        self._port.write(bytes([register, value]))
