"""From our units to those in which Home Assistant keeps a statistic."""

from typing import NamedTuple


class Conversion(NamedTuple):
    """A linear one."""

    factor: float = 1.0
    offset: float = 0.0

    def __call__(self, value: float) -> float:
        """Return a value in the other unit."""
        return value * self.factor + self.offset


FACTORS: dict[str, dict[str, float]] = {
    "hPa": {
        "Pa": 100,
        "kPa": 0.1,
        "bar": 0.001,
        "mbar": 1,
        "cbar": 0.1,
        "inHg": 100 / 3386.389,
        "mmHg": 100 / 133.322387415,
        "psi": 100 / 6894.757,
    },
    "m": {
        "km": 0.001,
        "cm": 100,
        "mm": 1000,
        "in": 1 / 0.0254,
        "ft": 1 / 0.3048,
        "yd": 1 / 0.9144,
        "mi": 1 / 1609.344,
    },
    "mm": {"cm": 0.1, "in": 1 / 25.4},
    "km/h": {"m/s": 1 / 3.6, "mph": 1 / 1.609344, "kn": 1 / 1.852, "ft/s": 1 / 1.09728},
    "L": {"mL": 1000, "m³": 0.001, "gal": 1 / 3.785411784, "ft³": 1 / 28.316846592},
    "L/min": {"m³/h": 0.06, "gal/min": 1 / 3.785411784, "ft³/min": 1 / 28.316846592},
    "kWh": {"Wh": 1000, "MWh": 0.001, "MJ": 3.6, "GJ": 0.0036},
    "W": {"mW": 1000, "kW": 0.001},
    "A": {"mA": 1000},
    "V": {"mV": 1000},
    "Hz": {"kHz": 0.001, "MHz": 1e-6},
}
TEMPERATURES = {"°F": Conversion(1.8, 32.0), "K": Conversion(1.0, 273.15)}


def conversion(ours: str, theirs: str | None) -> Conversion | None:
    """Return how our values become theirs; None if it is not known."""
    target = _spelled(theirs or "")
    if _spelled(ours) == target:
        return Conversion()
    if ours == "°C":
        return TEMPERATURES.get(target)
    factor = FACTORS.get(ours, {}).get(target)
    return None if factor is None else Conversion(factor)


def _spelled(unit: str) -> str:
    """Return a unit with the Greek letter for micro: both spellings are in use."""
    return unit.replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")
