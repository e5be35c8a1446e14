"""Aosong DHT22 humidity and temperature sensor, read by the kernel's driver `dht11` (IIO).

Its line needs microseconds, which only the kernel has: `dtoverlay=dht11,gpiopin=4`. The sensor
sends what it measured when it was last asked (product manual of the AM2302, 7.3.3), and a sum of
8 bits lets one damaged frame in 256 pass: a result counts once it agrees with the one before it.
"""

from typing import ClassVar, NamedTuple

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import DeadFrame, DriverError, NotReady, TransferFailed
from drivers.base.linux import Entry, LinuxPort, number, read_by, verify
from drivers.iio import DEVICES

KERNEL_NAME = "dht11"  # of the kernel's driver for all of the family
SECONDS = 2.1  # the kernel repeats a result for 2 s; the sensor needs 2 s between two questions
ATTEMPTS = 5
CLOSE = (1.0, 3.0)  # °C and %: more does not change in 2 s
EMPTY = 2.0  # %: with 0 °C, what a sensor sends whose elements it cannot read
FILES = ("in_temp_input", "in_humidityrelative_input")

REPEATING = Blindness(
    "a sensor that repeats its last result, or whose element drifts: the frame is right",
    "an SHT4x, whose results are bound to a command",
)


class Frame(NamedTuple):
    """A result of the kernel's driver: °C and %."""

    temperature: float
    humidity: float

    def agrees(self, other: "Frame | None") -> bool:
        """Return whether both can be from the same air, 2 s apart."""
        return other is not None and all(
            abs(ours - theirs) <= most
            for ours, theirs, most in zip(self, other, CLOSE, strict=True)
        )


def repeated(failure: NotReady | TransferFailed) -> DriverError:
    """Return the error of a sensor that has failed each time; its remedy stays."""
    what = f"{failure.what}, {ATTEMPTS} times in a row; single failures are usual"
    return type(failure)(failure.where, what, failure.remedy)


class DHT22:
    """Aosong DHT22, AM2302 or DHT21 humidity and temperature sensor, read by the kernel."""

    bus: ClassVar[BusKind] = "linux"
    blind: ClassVar[tuple[Blindness, ...]] = (REPEATING,)
    overlay: ClassVar[str] = "dtoverlay=dht11,gpiopin={pin}"
    wiring: ClassVar[str] = "the resistor of 4.7 kΩ from data to 3.3 V"
    deadline: ClassVar[float] = 20.0  # five questions, each of which may end in a second's time-out
    channels: tuple[Channel, ...] = (  # without the ends, which a broken element shows, too
        Channel("temperature", "°C", -40, 80, 0.1),
        Channel("humidity", "%", 0.1, 99.8, 0.1),
    )

    def __init__(self, port: LinuxPort, *, device: str = "") -> None:
        """`device`: which one, if there are several: `dht11@11` is on GPIO 17, hexadecimal 11."""
        self._port = port
        self._device = device
        self._entry = Entry("", "", "")

    def setup(self) -> Steps[None]:
        """Find the device, whose number moves from boot to boot."""
        line = self.overlay.format(pin=4)
        self._entry = read_by(self._port, DEVICES, KERNEL_NAME, device=self._device, overlay=line)
        yield from ()

    def measure(self) -> Steps[Values]:
        """Ask until a result agrees with the one before; raise the last error if none does."""
        before: Frame | None = None
        failure: NotReady | TransferFailed = NotReady(
            self._port.where, "no two results agree", "is its cable long, or is it breathed on?"
        )
        for _ in range(ATTEMPTS):
            yield SECONDS  # the first time, too: a repeated result makes the sensor measure nothing
            try:
                frame = self._frame()
            except (NotReady, TransferFailed) as error:  # often: an interrupt came in between
                failure = error
                continue
            if frame.agrees(before):
                return checked(self.channels, frame._asdict(), self._port.where)
            before = frame
        raise failure if before else repeated(failure)

    def _frame(self) -> Frame:
        """Return what the sensor sends; the kernel's driver gives both numbers from one frame."""
        found = Frame(*map(self._number, FILES))
        verify(self._port, self._entry)
        if found.temperature == 0 and found.humidity <= EMPTY:
            raise DeadFrame(self._port.where, f"{found.humidity:g} % at 0 °C: it measures nothing")
        return found

    def _number(self, file: str) -> float:
        text = self._port.read(f"{self._entry.directory}/{file}")
        return number(text, f"{self._port.where}:{file}") / 1000
