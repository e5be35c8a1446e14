"""Texas Instruments ADS1015 analog-to-digital converter (datasheet SBAS473E).

The ADS1115's faster relative: the same registers, 12 bits at the left of 16, other rates.
"""

from typing import ClassVar, Literal

from drivers.ads1115 import ADS1115, FullScale, Input, config
from drivers.base.driver import Steps
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort

# Table 8-3; the faster ones are over before they could be seen to begin
RATES = {128: 0, 250: 1, 490: 2, 920: 3}
UNUSED = 0x000F
RELATIVE = 'an ADS1115? set driver = "ads1115"'

Rate = Literal[128, 250, 490, 920]


class ADS1015(ADS1115):
    """Texas Instruments ADS1015 analog-to-digital converter, 12 bits (datasheet SBAS473E).

    A channel for each of the `inputs`: a pin against ground, or the difference of two.
    """

    chip: ClassVar[str] = "ADS1015"
    step: ClassVar[int] = 16

    def __init__(
        self,
        port: I2CPort,
        *,
        inputs: tuple[Input, ...] = ("a0",),
        full_scale: FullScale = "4.096V",
        rate: Rate = 128,
    ) -> None:
        """`rate`: samples per second; at fewer, each is an average over a longer time."""
        self._connect(port, inputs, full_scale, 1 / rate)
        self._settings = {name: config(name, full_scale, RATES[rate]) for name in inputs}

    def _refuse_relative(self, *, busy: bool) -> None:
        if busy:
            raise NotReady(self._port.where, "too slow for an ADS1015", RELATIVE)

    def _convert(self, setting: int) -> Steps[int]:
        """Return the signed code of one input, whose last four bits are 0."""
        code = yield from super()._convert(setting)
        if code & UNUSED:
            what = f"{code & 0xFFFF:04x} is no result of 12 bits"
            raise WrongChip(self._port.where, what, RELATIVE)
        return code
