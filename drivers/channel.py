"""Channels and their quantities: the one table of names and units.

Quantities are Home Assistant `device_class` names, each with one unit.
"""

from dataclasses import dataclass

UNITS = {
    "atmospheric_pressure": "hPa",
    "binary": "",
    "carbon_dioxide": "ppm",
    "current": "A",
    "distance": "m",
    "humidity": "%",
    "illuminance": "lx",
    "power": "W",
    "temperature": "°C",
    "voltage": "V",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a device; `low` and `high` are the datasheet's range in `unit`.

    `resolution` is the chip's smallest step (one LSB), in `unit`; `quantity` defaults to the name.
    """

    name: str
    unit: str
    low: float
    high: float
    resolution: float
    quantity: str = ""

    def __post_init__(self) -> None:
        if not self.quantity:
            object.__setattr__(self, "quantity", self.name)
        if UNITS.get(self.quantity) != self.unit:
            raise ValueError(
                f"channel {self.name}: quantity {self.quantity!r} has no unit {self.unit!r};"
                " use the table UNITS in drivers/channel.py"
            )

    @property
    def decimals(self) -> int:
        """How many decimals the resolution is worth when shown to people."""
        return next(n for n in range(7) if n == 6 or self.resolution >= 0.999 * 10.0**-n)
