"""NXP PCA9685 as its datasheet describes it (rev 4): registers, and channels that may sleep."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

MODE1_SLEEP, MODE1_AI = 0x10, 0x20
LED0, ALL_LED, PRE_SCALE = 0x06, 0xFA, 0xFE
POWER_ON = {0x00: 0x11, 0x01: 0x04, 0x02: 0xE2, 0x03: 0xE4, 0x04: 0xE8, 0x05: 0xE0}
CHANNELS = 16


class PCA9685(I2CModel):
    """Lamps or servos hang on it; it has no inputs."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x70))
    exclusive: ClassVar[bool] = False
    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def power_on(self) -> None:
        """Sleep, every channel fully off, 200 Hz (table 4)."""
        self._registers = bytearray(256)
        for register, value in POWER_ON.items():
            self._registers[register] = value
        for channel in range(CHANNELS):
            self._registers[LED0 + 4 * channel + 3] = 0x10
        self._registers[PRE_SCALE] = 0x1E
        self._pointer = 0

    @property
    def asleep(self) -> bool:
        """Whether the oscillator stands, and with it all channels."""
        return bool(self._registers[0] & MODE1_SLEEP)

    @property
    def frequency(self) -> float:
        """The frequency of all channels in Hz."""
        return 25e6 / 4096 / (self._registers[PRE_SCALE] + 1)

    def duty(self, channel: int) -> float:
        """Return the share of a cycle for which a channel is on."""
        begin = LED0 + 4 * channel
        on_low, on_high, off_low, off_high = self._registers[begin : begin + 4]
        if self.asleep or off_high & 0x10:
            return 0.0
        if on_high & 0x10:
            return 1.0
        on, off = (on_high & 0x0F) << 8 | on_low, (off_high & 0x0F) << 8 | off_low
        return (off - on) % 4096 / 4096

    def write(self, data: bytes) -> None:
        """Set the pointer, then write from there on."""
        for n, byte in enumerate(data):
            if n == 0:
                self._pointer = byte
            else:
                self._store(byte)
                self._advance()

    def read(self, count: int) -> bytes:
        """Read from the pointer on."""
        frame = bytearray()
        for _ in range(count):
            frame.append(self._registers[self._pointer])
            self._advance()
        return bytes(frame)

    def _store(self, byte: int) -> None:
        if self._pointer == PRE_SCALE and not self.asleep:
            return  # it is locked while the oscillator runs (§7.3.5)
        self._registers[self._pointer] = max(byte, 3) if self._pointer == PRE_SCALE else byte

    def _advance(self) -> None:
        if self._registers[0] & MODE1_AI:
            self._pointer = (self._pointer + 1) % 256


class PCA9685Servo(PCA9685):
    """The same chip: only the driver takes its values for positions."""
