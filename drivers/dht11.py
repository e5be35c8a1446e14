"""Aosong DHT11 humidity and temperature sensor: a DHT22 that measures whole °C and whole %.

The kernel's driver knows the kind by its frames; those of a newer DHT11, with tenths, it refuses.
"""

from drivers.base.channel import Channel
from drivers.base.errors import WrongChip
from drivers.dht22 import DHT22, Frame


class DHT11(DHT22):
    """Aosong DHT11 humidity and temperature sensor, read by the kernel."""

    channels: tuple[Channel, ...] = (
        Channel("temperature", "°C", 1, 50, 1),  # at 0 °C it shows 0, and so it does below
        Channel("humidity", "%", 20, 90, 1),
    )

    def _frame(self) -> Frame:
        """Refuse a frame with tenths: only a DHT22 sends such."""
        found = super()._frame()
        if any(value % 1 for value in found):
            what = f"{found.temperature:g} °C and {found.humidity:g} %: a DHT11 has no tenths"
            raise WrongChip(self._port.where, what, 'for a DHT22 write driver = "dht22"')
        return found
