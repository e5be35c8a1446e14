"""Maxim MAX17048 fuel gauge of a lithium cell (datasheet 19-6171 rev 7).

It samples four times a second. The chip has no checksum: registers are read until
reads agree, and a register that differs from its power-on value shows that there was no brown-out.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.base.i2c import I2CPort, settled
from drivers.base.registers import WordRegisters

# Registers, table 2
VCELL, SOC, VERSION, HIBERNATE, CONFIG, STATUS = 0x02, 0x04, 0x08, 0x0A, 0x0C, 0x1A
PRODUCTION, REVISION = 0x0010, 0x000F
NEVER = 0x0000  # no hibernation: the cell is looked at every 250 ms; at power-on it is 0x8030
USUAL = 0x971C  # CONFIG at power-on: the compensation of a usual cell, awake
COMPENSATION, SLEEP = 0xFF00, 0x0080
RESET_HAPPENED = 0x0100
START_UP = 1.0  # seconds until the first estimate
VOLTS, PERCENT = 78.125e-6, 1 / 256
FULL, OVERFULL = 100.0, 110.0  # it estimates a little beyond full while a cell is charged


class MAX17048:
    """Maxim MAX17048 fuel gauge: voltage and charge of a lithium cell (datasheet 19-6171)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that it samples no more, but answers: its registers hold the last sample",
            "an INA226 for the voltage, which says that a result is new",
        ),
        TWINS,
    )
    addresses: ClassVar[tuple[int, ...]] = (0x36,)
    channels = (
        Channel("voltage", "V", 2.5, 5.0, VOLTS),
        Channel("battery", "%", 0, 100, PERCENT, needs=("voltage",)),
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port
        self._registers = WordRegisters(port)

    def identify(self) -> Identity | None:
        """Read the version."""
        ours = self._registers.read(VERSION) & ~REVISION == PRODUCTION
        return Identity("MAX17048", certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Keep the chip awake, and acknowledge that it was reset."""
        (version,) = self._stable(VERSION)
        self._registers.refuse_dead(version)
        if version & ~REVISION != PRODUCTION:
            raise WrongChip(self._port.where, f"no MAX17048: its version is {version:04x}")
        self._registers.write(HIBERNATE, NEVER)
        self._registers.write(CONFIG, USUAL)
        (status,) = self._stable(STATUS)
        if status & RESET_HAPPENED:
            self._registers.write(STATUS, status & ~RESET_HAPPENED)
        yield START_UP
        self._make_sure()

    def measure(self) -> Steps[Values]:
        """Return what the chip has sampled last."""
        self._make_sure()
        cell, charge, config = self._stable(VCELL, SOC, CONFIG)
        volts, percent = cell * VOLTS, charge * PERCENT
        self._refuse_other(config)
        self._make_sure()
        yield from ()
        if volts == 0:
            raise NotReady(self._port.where, "the cell was not looked at since a reset")
        battery = min(percent, FULL) if percent <= OVERFULL else percent
        return checked(self.channels, {"voltage": volts, "battery": battery}, self._port.where)

    def _make_sure(self) -> None:
        status, hibernate, config = self._stable(STATUS, HIBERNATE, CONFIG)
        if status & RESET_HAPPENED or hibernate != NEVER:
            raise LostConfiguration(self._port.where, "it was reset, and its estimate starts again")
        self._refuse_other(config)

    def _refuse_other(self, config: int) -> None:
        """Raise `LostConfiguration` if it sleeps, or estimates for another cell."""
        if (config ^ USUAL) & (COMPENSATION | SLEEP):
            raise LostConfiguration(
                self._port.where,
                f"it sleeps, or estimates for another cell: its register 0c is {config:04x}",
                "does another program use this chip?",
            )

    def _stable(self, *registers: int) -> tuple[int, ...]:
        """Read them in turn until several rounds agree: a new sample may come between."""
        return settled(lambda: tuple(map(self._registers.read, registers)), self._port.where)
