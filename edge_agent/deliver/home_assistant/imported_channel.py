"""A channel whose statistics are imported."""

from typing import NamedTuple


class ImportedChannel(NamedTuple):
    """A channel; `unique_id` is what discovery has given it."""

    device: str
    name: str
    unit: str
    unique_id: str

    def __str__(self) -> str:
        return f"{self.device}.{self.name}"
