"""Sensirion SCD40/SCD41/SCD43 CO2, humidity and temperature sensor (datasheet version 1.6).

It measures every five seconds. While it does, it takes few commands: an agent that
restarts stops it first.
"""

from contextlib import suppress
from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.sensirion import asked, humidity, recognised, temperature

# Commands, §3.5 to 3.11
WAKE_UP, STOP, SERIAL_NUMBER, START, READY, RESULT = (
    b"\x36\xf6",
    b"\x3f\x86",
    b"\x36\x82",
    b"\x21\xb1",
    b"\xe4\xb8",
    b"\xec\x05",
)
WAKE_UP_SECONDS = 0.03
STOP_SECONDS = 0.5
ANSWER = 0.001
NEW = 0x07FF  # of the ready word: any of the low eleven bits
PERIOD, POLL = 5.0, 0.25


class SCD4x:
    """Sensirion SCD40, SCD41 or SCD43 CO2, humidity and temperature sensor (datasheet 1.6)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x62,)
    deadline: ClassVar[float] = 12.0
    channels = (
        Channel("carbon_dioxide", "ppm", 1, 40_000, 1),
        Channel("temperature", "°C", -10, 60, 175 / 65535),
        Channel("humidity", "%", 100 / 65535, 100, 100 / 65535),  # 0: the element is broken
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Ask whether there is something new: the only question it answers while it measures."""
        return Identity("SCD4x", certain=True) if recognised(self._port, READY, 1) else None

    def setup(self) -> Steps[None]:
        """Stop measuring, identify the chip by its serial number, and start it again."""
        with suppress(NoAcknowledge):  # of this one it never does (§3.11.3)
            self._port.write(WAKE_UP)
        yield WAKE_UP_SECONDS
        self._port.write(STOP)
        yield STOP_SECONDS
        try:
            yield from self._asked(SERIAL_NUMBER, 3)
        except BadChecksum as error:
            raise WrongChip(self._port.where, "no SCD4x: it has no serial number") from error
        self._port.write(START)
        yield ANSWER

    def measure(self) -> Steps[Values]:
        """Return the newest measurement that has not been read yet; wait for one."""
        for _ in range(round(1.2 * PERIOD / POLL)):
            (ready,) = yield from self._asked(READY, 1)
            if ready & NEW:
                return self._values((yield from self._asked(RESULT, 3)))
            yield POLL
        raise NotReady(
            self._port.where,
            f"nothing new for {1.2 * PERIOD:g} s",
            "check its supply: it takes 205 mA at times",
        )

    def _values(self, words: tuple[int, ...]) -> Values:
        carbon_dioxide, celsius, percent = words
        if carbon_dioxide == 0:
            raise NotReady(self._port.where, "0 ppm is no measurement")
        values = {
            "carbon_dioxide": float(carbon_dioxide),
            "temperature": temperature(celsius),
            "humidity": humidity(percent),
        }
        return checked(self.channels, values, self._port.where)

    def _asked(self, command: bytes, count: int) -> Steps[tuple[int, ...]]:
        return asked(self._port, command, count, ANSWER)
