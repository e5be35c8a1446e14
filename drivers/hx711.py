"""Avia HX711 converter for load cells, read by the kernel's driver `hx711` (IIO).

A pause of 60 µs while its clock is high resets the chip, and only the kernel keeps that time:
`dtoverlay=hx711,dout=5,sck=6`. Its bits have no checksum: a result counts once it agrees with the
one before it. The kernel gives offset binary, and the scale of the gain that it read with.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import LOOSE_CELL, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import DeadFrame, LostConfiguration, NotReady, TransferFailed
from drivers.base.linux import Entry, LinuxPort, number, read_by, verify
from drivers.iio import DEVICES

KERNEL_NAME = "hx711"
CODES = 1 << 23
ATTEMPTS = 5
CLOSE = 2048  # counts: a hundred times its noise, and 0.05 % of a load cell of 2 mV/V
# By gain: the files of its input (A, A and B), and its place among the scales of that input.
INPUTS = {128: ("in_voltage0", 0), 64: ("in_voltage0", 1), 32: ("in_voltage1", 0)}
SCALE = "in_voltage_scale"  # mV, of the gain of the last conversion


class HX711:
    """Avia HX711 converter for a load cell, read by the kernel.

    `raw` is what it counts; `edge-agent calibrate` finds the channel's `scale` and `offset` by
    weights that you know.
    """

    bus: ClassVar[BusKind] = "linux"
    blind: ClassVar[tuple[Blindness, ...]] = (LOOSE_CELL,)
    overlay: ClassVar[str] = "dtoverlay=hx711,dout={pin},sck=6"
    wiring: ClassVar[str] = "the supply of the chip and of its load cell"
    deadline: ClassVar[float] = 15.0  # five results, each of which may end in two time-outs of 1 s
    channels = (Channel("raw", "", 1 - CODES, CODES - 2, 1),)  # an end is what is beyond it

    def __init__(
        self, port: LinuxPort, *, device: str = "", gain: Literal[128, 64, 32] = 128
    ) -> None:
        """`device`: which one, if there are several.

        `gain`: 128 and 64 read input A, 32 reads input B; the kernel starts with 128.
        """
        self._port = port
        self._device = device
        self._gain = gain
        self._entry = Entry("", "", "")

    def setup(self) -> Steps[None]:
        """Find the device, whose number moves from boot to boot."""
        line = self.overlay.format(pin=5)
        self._entry = read_by(self._port, DEVICES, KERNEL_NAME, device=self._device, overlay=line)
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read until a result agrees with the one before; raise the last error if none does."""
        before: int | None = None
        failure: NotReady | TransferFailed = NotReady(
            self._port.where, "no two results agree", "does the load move, or is a cable long?"
        )
        for _ in range(ATTEMPTS):
            yield 0.0  # the kernel itself waits for the conversion
            try:
                count = self._count()
            except (NotReady, TransferFailed) as error:
                failure = error
                continue
            if before is not None and abs(count - before) <= CLOSE:
                return self._result(count, before)
            before = count
        raise failure

    def _result(self, count: int, before: int) -> Values:
        verify(self._port, self._entry)
        if count == before == 0:
            raise DeadFrame(self._port.where, "24 bits of 0 twice: its data line is low")
        hint = "check the wires of the load cell, or take a lower `gain`"
        return checked(self.channels, {"raw": count}, self._port.where, hint)

    def _count(self) -> int:
        """Return a result in counts from the middle; raise unless it has the gain."""
        stem, place = INPUTS[self._gain]
        code = number(self._text(f"{stem}_raw"), f"{self._port.where}:{stem}_raw")
        scale = self._text(SCALE)
        wanted = self._text(f"{stem}_scale_available").split()[place]
        if scale != wanted:
            remedy = f"as root, write {wanted} to {self._entry.directory}/{SCALE}"
            raise LostConfiguration(self._port.where, f"its gain is not {self._gain}", remedy)
        return int(code) - CODES

    def _text(self, file: str) -> str:
        return self._port.read(f"{self._entry.directory}/{file}")
