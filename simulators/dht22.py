"""Aosong DHT22 behind the kernel's driver `dht11` (product manual AM2302; Linux, dht11.c).

The sensor answers with what it measured when it was last asked, then measures. The kernel's driver
gives a frame for 2 s, in m°C and m%; a frame of four zeros has a right sum.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel
from simulators.model import Range

VALID_SECONDS = 2.0


class DHT22(LinuxModel):
    """A sensor on GPIO 4; `device` is how the kernel names it."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 80, 0.1),
        "humidity": Range(0.1, 99.8, 0.1),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}
    dead: ClassVar[Mapping[str, float]] = {"temperature": 0.0, "humidity": 0.0}

    def __init__(self, clock: SimulatedClock, number: int = 0, *, device: str = "") -> None:
        super().__init__(clock, number)
        self._device = device or "dht11@4"
        self._measured: bytes | None = None
        self._sent: bytes = b""
        self._sent_at = float("-inf")

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the device's directory."""
        directory = f"/sys/bus/iio/devices/iio:device{self.number}"
        return {
            f"{directory}/name": lambda: f"{self._device}\n",
            f"{directory}/in_temp_input": lambda: f"{self._decoded()[0]}\n",
            f"{directory}/in_humidityrelative_input": lambda: f"{self._decoded()[1]}\n",
        }

    def _decoded(self) -> tuple[int, int]:
        """Return m°C and m%, from a frame that is at most two seconds old."""
        now = self.clock.monotonic()
        if now - self._sent_at >= VALID_SECONDS:
            fresh = self.frame()
            self._sent, self._measured = self._measured or fresh, fresh
            self._sent_at = now
        return decoded(self._sent)

    def frame(self) -> bytes:
        """Return tenths: humidity up to 99.9 %, and temperature with a sign bit."""
        tenths = round(self.felt("temperature") * 10)
        sign = 0x8000 if tenths < 0 else 0
        humidity = min(max(round(self.felt("humidity") * 10), 0), 999)
        return humidity.to_bytes(2, "big") + (abs(tenths) | sign).to_bytes(2, "big")


def decoded(frame: bytes) -> tuple[int, int]:
    """Return m°C and m% of a frame, as the kernel's driver does: less than 4 * 256 is a DHT22's."""
    if frame[0] < 4:
        magnitude = int.from_bytes(frame[2:], "big") & 0x7FFF
        celsius = -magnitude if frame[2] & 0x80 else magnitude
        return celsius * 100, int.from_bytes(frame[:2], "big") * 100
    return frame[2] * 1000, frame[0] * 1000
