"""GPIO pins of the header: the port that pin drivers use, and the real pins behind it.

Imported only if a pin is configured: gpiozero and lgpio are loaded here and nowhere else.
"""

import fcntl
import importlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from gpiozero import InputDevice, OutputDevice, PWMOutputDevice
from gpiozero.exc import GPIOPinInUse, GPIOZeroError, PinFixedPull, PinInvalidPin

from drivers.base.errors import BusMissing, DriverError, NotPermitted, NotReady

Pull: TypeAlias = Literal["up", "down", "none"]
YEAR = 365 * 86_400.0  # seconds; the wall clock and an uptime are further apart
PULLS = {"up": True, "down": False, "none": None}

# The chip's number moves with the kernel (Pi 5: 4, then 0, then 11 and more); its label stays.
HEADER_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
GPIO_GET_CHIPINFO = 0x8044B401  # linux/gpio.h

INSTALL = (
    "`sudo apt install python3-lgpio`, and make the virtual environment with --system-site-packages"
)


class PinPort:
    """One pin of a gpiozero pin factory; `name` identifies the device in errors.

    Levels are electrical: True is high.
    """

    def __init__(self, factory: Any, number: int, name: str = "gpio") -> None:  # noqa: ANN401
        self._factory = factory
        self._number = number
        self._name = name
        self._device: Any = None
        self._others: list[PinPort] = []
        self.where = f"{name}:{number}"

    def also(self, number: int) -> "PinPort":
        """Return the port of another pin of the same device."""
        self._others.append(PinPort(self._factory, number, self._name))
        return self._others[-1]

    def watch(self, on_edge: Callable[[float, bool], None], pull: Pull) -> None:
        """Claim the pin as an input; `on_edge`, a bound method, gets seconds and the new level.

        It runs in the library's only thread and must not raise. Only differences of the seconds
        mean something: their origin depends on the kernel.
        """
        self.close()
        active = True if pull == "none" else None
        with self._translated():
            self._device = self._claim(InputDevice, pull_up=PULLS[pull], active_state=active)
            self._device.pin.edges = "both"
            self._device.pin.when_changed = on_edge

    @property
    def claimed(self) -> bool:
        """Whether the pin is claimed."""
        return self._device is not None

    def level(self) -> bool:
        """Return the level that the pin has now; raise `NotReady` before it is claimed."""
        if self._device is None:
            raise NotReady(self.where, "the pin is not claimed yet")
        with self._translated():
            return bool(self._device.pin.state)

    def now(self) -> float:
        """Return seconds of a clock that never goes back; the clock of the edges may be another."""
        return float(self._factory.ticks())

    def age(self, at: float) -> float:
        """Return the seconds since an edge; kernels before 5.7 stamp it by the wall clock."""
        age = self.now() - at
        return age if abs(age) < YEAR else time.time() - at

    def drive(self, level: bool) -> None:
        """Set an output; the first call claims the pin at that level, with none in between."""
        with self._translated():
            if self._device is None:
                self._device = self._claim(OutputDevice, initial_value=level)
            else:
                self._device.value = level

    def modulate(self, duty: float, frequency: float) -> None:
        """Switch an output on for this share of every period; the first call claims the pin."""
        with self._translated():
            if self._device is None:
                self._device = self._claim(PWMOutputDevice, initial_value=duty, frequency=frequency)
            else:
                self._device.value = duty

    def duty(self) -> float:
        """Return the share of a period for which the pin is high; raise `NotReady` unclaimed."""
        if self._device is None:
            raise NotReady(self.where, "the pin is not claimed yet")
        with self._translated():
            return float(self._device.pin.state)

    def close(self) -> None:
        """Release the pin."""
        device, self._device = self._device, None
        if device is not None:
            with self._translated():
                device.close()

    def release(self) -> None:
        """Release the pin, and the others of the same device."""
        for pin in (self, *self._others):
            pin.close()

    def _claim(self, device: Any, **options: Any) -> Any:  # noqa: ANN401
        self._factory.pin(self._number)  # if this fails, `device` would keep its reservation
        return device(self._number, pin_factory=self._factory, **options)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except GPIOPinInUse as error:
            raise NotPermitted(
                self.where, "another device uses this pin", "give each its own pin"
            ) from error
        except PinInvalidPin as error:
            raise BusMissing(
                self.where, "the header has no such pin", "use GPIO (BCM) numbers: 0 to 27"
            ) from error
        except PinFixedPull as error:
            raise DriverError(
                self.where, "this pin has a pull-up resistor on the board", 'set pull = "up"'
            ) from error
        except GPIOZeroError as error:
            raise DriverError(self.where, str(error)) from error
        except Exception as error:
            if type(error).__module__ != "lgpio":
                raise
            raise _refused(self.where, str(error)) from error


def open_pins() -> Any:  # noqa: ANN401
    """Return a pin factory for the header; raise `BusMissing` or `NotPermitted` with the remedy."""
    number = header_chip(gpio_chips())
    import_lgpio()
    return header(number)


def open_pin(number: int) -> PinPort:
    """Return the port of one GPIO (BCM) number: for scripts and the REPL."""
    return PinPort(_shared_pins(), number)


@cache
def _shared_pins() -> Any:  # noqa: ANN401
    return open_pins()


def header_chip(chips: Iterable[tuple[int, str]]) -> int:
    """Return the number of the chip behind the header, given number and label of each chip."""
    by_label = {label: number for number, label in sorted(chips, reverse=True)}
    for label in HEADER_LABELS:
        if label in by_label:
            return by_label[label]
    found = ", ".join(sorted(by_label)) or "none at all"
    raise BusMissing(
        "/dev/gpiochip*",
        f"no GPIO chip of a Raspberry Pi's header; found: {found}",
        "run this on a Raspberry Pi, or try `edge-agent simulate`",
    )


def gpio_chips(dev: Path = Path("/dev")) -> Iterator[tuple[int, str]]:
    """Yield number and label of every GPIO chip; raise `NotPermitted` without access."""
    for path in dev.glob("gpiochip*"):
        try:
            with path.open("rb", buffering=0) as chip:
                info = fcntl.ioctl(chip, GPIO_GET_CHIPINFO, bytes(68))
        except PermissionError as error:
            remedy = "`sudo usermod -aG gpio $USER`, then log in again"
            raise NotPermitted(str(path), "permission denied", remedy) from error
        yield int(path.name.removeprefix("gpiochip")), chip_label(info)


def chip_label(info: bytes) -> str:
    """Return the label in a `struct gpiochip_info`: char name[32], label[32]; __u32 lines."""
    return info[32:64].rstrip(b"\0").decode()


def import_lgpio(load: Callable[[str], Any] = importlib.import_module) -> Any:  # noqa: ANN401
    """Import lgpio; raise `BusMissing` or `NotPermitted` for each way in which that goes wrong."""
    try:
        lgpio = load("lgpio")
    except ImportError as error:
        raise BusMissing("lgpio", f"cannot be imported ({error})", INSTALL) from error
    except OSError as error:
        raise NotPermitted(
            "lgpio",
            f"cannot make its notification file in {Path.cwd()}",
            "set LG_WD to a directory that this user may write to",
        ) from error
    if not hasattr(lgpio, "gpiochip_open"):
        remedy = f"`pip uninstall lgpio`; {INSTALL}"
        raise BusMissing("lgpio", "this is the empty lgpio 0.0.0.2 from PyPI", remedy)
    return lgpio


def header(chip: int) -> Any:  # noqa: ANN401
    """Return gpiozero's pin factory for one chip, with outputs that start without a glitch."""
    import lgpio  # noqa: PLC0415 - importing it makes files and starts a thread
    from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin  # noqa: PLC0415

    class HeaderPin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
        _pwm: Any  # frequency and duty in per cent, or None

        def output_with_state(self, state: bool) -> None:
            # gpiozero claims it low and then sets it: an active-low relay would click
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))  # noqa: SLF001

        def _set_state(self, value: float) -> None:
            if not self._pwm:
                super()._set_state(value)
                return
            # gpiozero cuts it to whole per cent, 0.29 to 28
            self._pwm = (self._pwm[0], 100 * value)
            lgpio.tx_pwm(self.factory._handle, self._number, *self._pwm)  # noqa: SLF001

    try:
        factory = LGPIOFactory(chip=chip)
    except lgpio.error as error:
        raise _refused(f"/dev/gpiochip{chip}", str(error)) from error
    factory.pin_class = HeaderPin
    return factory


def _refused(where: str, what: str) -> DriverError:
    """Return the error for what lgpio says, which has no types of errors but texts."""
    if "busy" in what:
        return NotPermitted(
            where, "another program holds this pin", "`gpioinfo` (package gpiod) shows which"
        )
    return DriverError(where, what.strip("'"))
