"""Aosong DHT11 behind the kernel's driver `dht11`: whole numbers in a byte each (manual V1.3)."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.dht22 import DHT22
from simulators.model import Range


class DHT11(DHT22):
    """A sensor on GPIO 4."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(1, 50, 1),
        "humidity": Range(20, 90, 1),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}

    def frame(self) -> bytes:
        """Return humidity and temperature from 0 on, each with a byte of tenths that is 0."""
        humidity, celsius = (
            min(max(round(self.felt(one)), 0), 255) for one in ("humidity", "temperature")
        )
        return bytes([humidity, 0, celsius, 0])
