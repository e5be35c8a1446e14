"""What Bosch's pressure sensors share: an id, a reset, and registers read until they agree."""

from collections.abc import Callable
from typing import TypeVar

from drivers.base.driver import Identity, Steps
from drivers.base.errors import WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_dead

CHIP_ID = 0xD0
RESET, RESET_WORD = 0xE0, 0xB6
CHIPS = {
    0x55: "BMP180",
    0x56: "BMP280",  # 0x56 and 0x57 are samples
    0x57: "BMP280",
    0x58: "BMP280",
    0x60: "BME280",
    0x61: "BME680",
}
REMEDIES = {chip: f'set driver = "{chip.lower()}"' for chip in CHIPS.values()}
Samples = TypeVar("Samples", bound=int)
TRAITS = {"BMP280": "it has no humidity", "BME280": "it has humidity, too"}


def identity(port: I2CPort, chip: str) -> Identity | None:
    """Return the chip if its id register says so."""
    code = port.write_read(bytes([CHIP_ID]), 1)[0]
    return Identity(chip, certain=True) if CHIPS.get(code) == chip else None


def expect(port: I2CPort, chip: str) -> None:
    """Raise `WrongChip` with the right driver's name, or `DeadFrame`, unless `chip` answers."""
    code = read_steady(port, CHIP_ID, 1)[0]
    found = CHIPS.get(code)
    if found == chip:
        return
    if found is None:
        raise WrongChip(port.where, f"this is no {chip}: its chip id is 0x{code:02x}")
    what = ": ".join(filter(None, [f"this is a {found}", TRAITS.get(found)]))
    raise WrongChip(port.where, what, REMEDIES.get(found, ""))


def filter_bits(weight: int, place: int = 2) -> int:
    """Return the setting of a filter in which a measurement counts one `weight`-th; 1: none."""
    return weight.bit_length() - 1 << place


def per_quantity(common: Samples, *own: Samples | None) -> tuple[Samples, ...]:
    """Return the oversampling of each quantity: its `own`, or if that is None the `common` one."""
    return tuple(common if samples is None else samples for samples in own)


def read_steady(port: I2CPort, register: int, count: int) -> bytes:
    """Read registers that stand still; raise `BadChecksum` or `DeadFrame`."""
    first = port.read_steady(count, bytes([register]))
    refuse_dead(first, port.where)
    return first


def renewed(last: bytes, measured: Callable[[], Steps[bytes]]) -> Steps[bytes]:
    """Measure, and once more if the registers still hold the `last` frame.

    That is calm air, or a command damaged on its way: then nothing was measured.
    """
    frame = yield from measured()
    return frame if frame != last else (yield from measured())
