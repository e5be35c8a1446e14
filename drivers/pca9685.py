"""NXP PCA9685: 16 PWM channels of 12 bits on I2C (rev 4), for lamps, motors and servos.

The frequency is the chip's: all its channels share it.
"""

from typing import ClassVar, Literal

from drivers.base.driver import BusKind, Identity
from drivers.base.errors import DriverError, LostConfiguration
from drivers.base.i2c import I2CPort

MODE1, LED0, PRE_SCALE = 0x00, 0x06, 0xFE
AUTO_INCREMENT, SLEEP, ALL_CALL = 0x20, 0x10, 0x01  # MODE1 (table 5)
SUB_ADDRESSES = bytes([0xE2, 0xE4, 0xE8, 0xE0])  # SUBADR1 to 3, ALLCALLADR at power-on
FULL = 0x10  # bit 4 of LEDn_ON_H or LEDn_OFF_H: on or off for the whole cycle (§7.3.3)
STEPS = 4096
CLOCK = 25_000_000


class PCA9685:
    """NXP PCA9685 PWM chip: one of its 16 channels, as an output from 0 to 1 (rev 4)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x70))
    continuous: ClassVar[Literal["brightness", "level"]] = "level"

    def __init__(self, port: I2CPort, pin: int = 0, *, frequency: float = 200.0) -> None:
        """`frequency`: Hz, 24 to 1526, the same for all channels of one chip."""
        if not 0 <= pin <= 15:
            raise ValueError(f"pin is {pin}: wanted 0 to 15")
        self._port = port
        self._register = LED0 + 4 * pin
        self._scale = prescale(frequency)
        self._started = False

    def identify(self) -> Identity | None:
        """Look at the four sub-addresses: no other chip has just these, but they are no id."""
        found = bytes(self._port.write_read(bytes([n]), 1)[0] for n in range(2, 6))
        likely = found == SUB_ADDRESSES
        return Identity("PCA9685", certain=False) if likely else None

    def apply(self, value: float) -> None:
        """Set the share of each cycle for which the channel is on; 0 is off, 1 is always on."""
        self._start()
        self._port.write(bytes([self._register, *duty(self._share(value))]))
        self._awake()

    def state(self) -> float:
        """Return what `apply` took, read back; raise if a brown-out put the chip to sleep."""
        self._awake()
        return self._value(share(self._read(self._register, 4)))

    def close(self) -> None:
        """Switch the channel off."""
        self._port.write(bytes([self._register, *duty(0.0)]))

    def _share(self, value: float) -> float:
        if not 0 <= value <= 1:
            raise DriverError(self._port.where, f"set to {value:g}", "use a number from 0 to 1")
        return value

    def _value(self, share: float) -> float:
        return share

    def _start(self) -> None:
        """Set the frequency once; the chip takes it only while it sleeps (§7.3.5)."""
        mode, scale = self._read(MODE1, 1)[0], self._read(PRE_SCALE, 1)[0]
        if scale != self._scale and not self._started:
            self._port.write(bytes([MODE1, AUTO_INCREMENT | SLEEP | ALL_CALL]))
            self._port.write(bytes([PRE_SCALE, self._scale]))
            mode = SLEEP
        if mode & SLEEP or not mode & AUTO_INCREMENT:
            self._port.write(bytes([MODE1, AUTO_INCREMENT | ALL_CALL]))
        self._started = True

    def _awake(self) -> None:
        if self._read(MODE1, 1)[0] & (SLEEP | AUTO_INCREMENT) != AUTO_INCREMENT:
            self._started = False
            raise LostConfiguration(self._port.where, "the chip sleeps: its outputs are off")
        if self._read(PRE_SCALE, 1)[0] != self._scale:
            raise LostConfiguration(
                self._port.where,
                "its frequency is another",
                "give all outputs of one chip the same `frequency`",
            )

    def _read(self, register: int, count: int) -> bytes:
        return self._port.read_steady(count, bytes([register]))


class PCA9685Servo(PCA9685):
    """NXP PCA9685 PWM chip: a servo on one of its 16 channels; 0 and 1 are its ends (rev 4)."""

    def __init__(
        self, port: I2CPort, pin: int = 0, *, low_ms: float = 1.0, high_ms: float = 2.0
    ) -> None:
        """`low_ms`, `high_ms`: the pulses of both ends, 0.4 to 2.6 ms, every 20 ms."""
        if not 0.4 <= low_ms < high_ms <= 2.6:
            raise ValueError(
                f"low_ms {low_ms:g}, high_ms {high_ms:g}: wanted 0.4 to 2.6, low first"
            )
        super().__init__(port, pin, frequency=50.0)
        self._low = low_ms / 20
        self._span = (high_ms - low_ms) / 20

    def _share(self, value: float) -> float:
        return self._low + super()._share(value) * self._span

    def _value(self, share: float) -> float:
        return min(max((share - self._low) / self._span, 0.0), 1.0)


def prescale(frequency: float) -> int:
    """Return PRE_SCALE for a frequency in Hz (§7.3.5, equation 1: 200 Hz → 0x1E; 50 Hz → 0x79).

    Raises ValueError outside of 24 to 1526 Hz.
    """
    if not 24 <= frequency <= 1526:
        raise ValueError(f"frequency is {frequency:g}: wanted 24 to 1526 Hz")
    return round(CLOCK / (STEPS * frequency)) - 1


def duty(share: float) -> bytes:
    """Return LEDn_ON and LEDn_OFF for a share of each cycle, which begins on (§7.3.3)."""
    steps = round(share * STEPS)
    if steps == 0:
        return bytes([0, 0, 0, FULL])
    if steps == STEPS:
        return bytes([0, FULL, 0, 0])
    return bytes([0, 0, *steps.to_bytes(2, "little")])


def share(registers: bytes) -> float:
    """Return the share of each cycle for which a channel is on, from its four registers.

    The datasheet's example 1 has a delay of 10 % and 20 % on: ON 0199h, OFF 04CCh (§7.3.3).
    """
    if registers[3] & FULL:
        return 0.0
    if registers[1] & FULL:
        return 1.0
    on, off = (int.from_bytes(registers[n : n + 2], "little") for n in (0, 2))
    return (off - on) % STEPS / STEPS
