"""Channels and their quantities: the one table of names and units.

Quantities are Home Assistant `device_class` names, each with one unit; if it has none (angle,
resistance, …), the usual term.
"""

from dataclasses import dataclass

MOST = 12  # decimals

UNITS = {
    "acceleration": "m/s²",
    "angle": "°",
    "angular_velocity": "°/s",
    "aqi": "",
    "atmospheric_pressure": "hPa",
    "battery": "%",
    "binary": "",
    "carbon_dioxide": "ppm",
    "color_temperature": "K",
    "count": "",
    "current": "A",
    "data_size": "MiB",
    "dilution_of_precision": "",
    "distance": "m",
    "energy": "kWh",
    "frequency": "Hz",
    "humidity": "%",
    "illuminance": "lx",
    "latitude": "°",
    "load": "",
    "longitude": "°",
    "particle_concentration": "1/L",
    "pm1": "µg/m³",
    "pm10": "µg/m³",
    "pm25": "µg/m³",
    "pm4": "µg/m³",
    "power": "W",
    "precipitation": "mm",
    "raw": "",
    "resistance": "Ω",
    "rotational_speed": "rpm",
    "share": "%",
    "speed": "km/h",
    "temperature": "°C",
    "uv_index": "",
    "volatile_organic_compounds_parts": "ppb",
    "voltage": "V",
    "volume": "L",
    "volume_flow_rate": "L/min",
    "wind_speed": "km/h",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a device; `low` and `high` are the datasheet's range in `unit`.

    `resolution` is the chip's smallest step (one LSB), in `unit`; `quantity` defaults to the name.
    `relative` is a step's share of the value on a scale of decades, where steps grow with it.
    `needs` are the channels that its value is computed from: without them it has none.
    """

    name: str
    unit: str
    low: float
    high: float
    resolution: float
    quantity: str = ""
    needs: tuple[str, ...] = ()
    relative: float = 0.0

    def __post_init__(self) -> None:
        if not self.quantity:
            object.__setattr__(self, "quantity", self.name)
        if UNITS.get(self.quantity) != self.unit:
            raise ValueError(
                f"channel {self.name}: quantity {self.quantity!r} has no unit {self.unit!r};"
                " use the table UNITS in drivers/base/channel.py"
            )

    def step(self, value: float) -> float:
        """Return the chip's smallest step at a value."""
        return max(self.resolution, self.relative * abs(value))

    @property
    def decimals(self) -> int:
        """The number of decimals to show, from the resolution."""
        return next(n for n in range(MOST + 1) if n == MOST or self.resolution >= 0.999 * 10.0**-n)
