"""What gas sensors share that compute with the humidity and the temperature of their place."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.base.i2c import I2CPort

PERCENT = (0.0, 100.0)


class GasSensor:
    """A sensor that computes with the air of its place: given, or measured by other devices."""

    compensations: ClassVar[Mapping[str, str]] = {
        "humidity_from": "humidity",
        "temperature_from": "temperature",
    }
    celsius: ClassVar[tuple[float, float]]  # that it can take

    def __init__(
        self,
        port: I2CPort,
        *,
        humidity: float = 50.0,
        temperature: float = 25.0,
        humidity_from: str | None = None,
        temperature_from: str | None = None,
    ) -> None:
        """`humidity` and `temperature` are those of the place, in % and °C.

        `humidity_from` and `temperature_from`: the channels that measure them; while one has no
        value, what is given otherwise counts.
        """
        del humidity_from, temperature_from  # their values come by `compensate`
        self._port = port
        self._given = {"humidity": humidity, "temperature": temperature}
        for name, value in self._given.items():
            if not self._takes(name, value):
                low, high = self._span(name)
                raise ValueError(f"{name} is {value:g}: wanted {low:g} to {high:g}")
        self._place = dict(self._given)

    def compensate(self, option: str, value: float | None) -> None:
        """Take the humidity in %, or the temperature in °C, from another device."""
        name = self.compensations[option]
        right = value is not None and self._takes(name, value)
        self._place[name] = value if value is not None and right else self._given[name]

    @property
    def _surroundings(self) -> bytes:
        """What the chip shall compute with now."""
        return self._encoded(self._place["humidity"], self._place["temperature"])

    def _encoded(self, humidity: float, temperature: float) -> bytes:
        """Return both as the chip takes them."""
        raise NotImplementedError

    def _takes(self, name: str, value: float) -> bool:
        low, high = self._span(name)
        return low <= value <= high

    def _span(self, name: str) -> tuple[float, float]:
        return PERCENT if name == "humidity" else self.celsius
