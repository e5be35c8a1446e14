"""Bosch BMP580, BMP581 and BMP585 pressure and temperature sensors (BST-BMP581-DS004).

The chip has no checksum. After a forced conversion it waits and its registers stand still, so
three reads must agree; a flag says that the results are new, and goes when it is read.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import TWINS, Blindness
from drivers.base.bosch import per_quantity, read_steady
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_changed, signed

# Registers, §7
CHIP_ID, INT_SOURCE, DATA, INT_STATUS, STATUS = 0x01, 0x15, 0x1D, 0x27, 0x28
DSP_CONFIG, OSR, ODR, CMD = 0x30, 0x36, 0x37, 0x7E
CHIPS = {0x50: "BMP581", 0x51: "BMP585"}  # a BMP580 says that it is a BMP581
RESET, START_SECONDS = 0xB6, 0.003
MEMORY_READY, MEMORY_ERROR = 0x02, 0x04  # bits of the status
NEW = 0x01  # the bit of a new result, as a source and in the status of interrupts
PRESSURE = 0x40
WAITING, FORCED = 0xF0, 0xF2  # awake at 1 Hz, which is not that of power-on; once
UNFILTERED = b"\x23\x00"  # DSP_CONFIG and DSP_IIR, as at power-on
# Each of both, in ms at most (table 7), and what is added to their sum
MILLISECONDS = {1: 1.0, 2: 1.7, 4: 2.9, 8: 5.4, 16: 10.4, 32: 20.4, 64: 40.4, 128: 80.4}
OVERHEAD, SLOWEST = 3.0, 1.05

Oversampling = Literal[1, 2, 4, 8, 16, 32, 64, 128]


class BMP581:
    """Bosch BMP580, BMP581 or BMP585 pressure and temperature sensor (BST-BMP581-DS004)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x47, 0x46)
    channels = (
        Channel("temperature", "°C", -40, 85, 1 / 65536),
        Channel("atmospheric_pressure", "hPa", 300, 1250, 1 / 6400),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        oversampling: Oversampling = 4,
        temperature_oversampling: Oversampling | None = None,
        pressure_oversampling: Oversampling | None = None,
    ) -> None:
        """`oversampling`: of the quantities that have none of their own."""
        self._port = port
        t, p = per_quantity(oversampling, temperature_oversampling, pressure_oversampling)
        self._osr = PRESSURE | p.bit_length() - 1 << 3 | t.bit_length() - 1
        self._seconds = (OVERHEAD + SLOWEST * (MILLISECONDS[t] + MILLISECONDS[p])) / 1000

    def identify(self) -> Identity | None:
        """Read the chip id."""
        chip = CHIPS.get(self._register(CHIP_ID))
        return Identity(chip, certain=True) if chip else None

    def setup(self) -> Steps[None]:
        """Reset the chip and set its oversampling; raise `WrongChip` for another."""
        chip_id = read_steady(self._port, CHIP_ID, 1)[0]
        if chip_id not in CHIPS:
            raise WrongChip(self._port.where, f"no BMP581 or BMP585: its id is 0x{chip_id:02x}")
        self._port.write(bytes([CMD, RESET]))
        yield START_SECONDS
        if self._register(STATUS) & (MEMORY_READY | MEMORY_ERROR) != MEMORY_READY:
            raise NotReady(self._port.where, "does not come out of reset", "check its supply")
        for register, value in ((ODR, WAITING), (INT_SOURCE, NEW), (OSR, self._osr)):
            self._port.write(bytes([register, value]))
        yield START_SECONDS

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        self._register(INT_STATUS)  # clears the flag of an older result
        self._port.write(bytes([ODR, FORCED]))
        yield self._seconds
        ready, frame = self._register(INT_STATUS), read_steady(self._port, DATA, 6)
        self._refuse_unfinished(ready)
        values = {
            "temperature": temperature(int.from_bytes(frame[:3], "little")),
            "atmospheric_pressure": pressure(int.from_bytes(frame[3:], "little")),
        }
        return checked(self.channels, values, self._port.where)

    def _refuse_unfinished(self, ready: int) -> None:
        """Raise `LostConfiguration` or `NotReady` if the registers say so."""
        held = bytes([self._register(INT_SOURCE), self._register(OSR)])
        held += self._port.write_read(bytes([DSP_CONFIG]), 2)
        wanted = bytes([NEW, self._osr]) + UNFILTERED
        refuse_changed(held, wanted, self._port.where)
        if not ready & NEW:
            raise NotReady(
                self._port.where,
                "no result after the datasheet's longest time",
                "does another program use this chip?",
            )
        refuse_changed(bytes([self._register(ODR)]), bytes([WAITING]), self._port.where)

    def _register(self, number: int) -> int:
        return self._port.write_read(bytes([number]), 1)[0]


def temperature(code: int) -> float:
    """Return °C: 24 bits in two's complement, 1/65536 each (§4.5)."""
    return signed(code, 24) / 65536


def pressure(code: int) -> float:
    """Return hPa: 24 bits, 1/64 Pa each (§4.5)."""
    return code / 6400
