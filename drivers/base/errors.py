"""What can go wrong between a chip and a value.

DriverError                     who, where, what, and a hint at the remedy
├── NoAcknowledge               (ConnectionError)    nothing answers at the address
├── TransferFailed              (ConnectionError)    the transfer broke off: arbitration, EIO
├── BusStuck                    (TimeoutError)       the bus itself does not move
├── BusMissing                  (FileNotFoundError)  the kernel offers no such bus, pin or file
├── NotPermitted                (PermissionError)    this user may not open it
├── WrongChip                   (ValueError)         another chip answers
├── BadChecksum                 (ValueError)         the frame was damaged on its way
├── DeadFrame                   (ValueError)         all zeros or all ones: no chip spoke
├── NotReady                    (TimeoutError)       the chip did not finish in its time
├── LostConfiguration           (RuntimeError)       a brown-out reset the chip
└── OutOfRange                  (ValueError)         a value that the chip cannot measure
"""

from typing import ClassVar

LONGEST = 300  # characters: a line may bring any number of bytes, and they all go to the log


def shortened(text: str) -> str:
    """Return a text of at most `LONGEST` characters, and how many were left out."""
    left_out = len(text) - LONGEST
    return text if left_out <= 0 else f"{text[:LONGEST]}… ({left_out} more characters)"


class DriverError(Exception):
    """A measurement that has no value; `quality` names the reason in one word."""

    quality: ClassVar[str] = "driver_error"
    hint: ClassVar[str] = ""

    def __init__(self, where: str, what: str, hint: str = "") -> None:
        """`where` is the port as users know it: ``sht4x@i2c-1:0x44``."""
        self.where = where
        self.what = shortened(what)
        self.remedy = hint or self.hint
        super().__init__(where, self.what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        return f"{text} ({self.remedy})" if self.remedy else text


class NoAcknowledge(DriverError, ConnectionError):
    """Nothing acknowledged the address (or a byte)."""

    quality = "no_acknowledge"
    hint = "check wiring, power and address; `edge-agent scan` lists what answers"


class TransferFailed(DriverError, ConnectionError):
    """The adapter broke the transfer off."""

    quality = "transfer_failed"
    hint = "check cable length and pull-ups; a lower bus speed often helps"


class BusStuck(DriverError, TimeoutError):
    """SDA or SCL is held low: no transfer ends."""

    quality = "bus_stuck"
    hint = "a device holds the bus low: power-cycle the sensors"


class BusMissing(DriverError, FileNotFoundError):
    """The bus, GPIO chip or sysfs file does not exist."""

    quality = "bus_missing"
    hint = "enable the interface with `sudo raspi-config`, then reboot"


class NotPermitted(DriverError, PermissionError):
    """The user of this process may not use the device file."""

    quality = "not_permitted"
    hint = "add the user to the device's group and log in again"


class WrongChip(DriverError, ValueError):
    """Another chip than the configured one answers at the address."""

    quality = "wrong_chip"
    hint = "`edge-agent scan` names what answers: correct `driver` or `address`"


class BadChecksum(DriverError, ValueError):
    """The checksum does not match: the frame was damaged on its way."""

    quality = "bad_checksum"
    hint = "check cable length and pull-ups"


class DeadFrame(DriverError, ValueError):
    """A frame of zeros or ones only: no chip drove the line."""

    quality = "dead_frame"
    hint = "check wiring and power"


class NotReady(DriverError, TimeoutError):
    """The chip did not finish its conversion in the datasheet's time."""

    quality = "not_ready"


class LostConfiguration(DriverError, RuntimeError):
    """The chip holds its power-on values: a brown-out reset it."""

    quality = "lost_configuration"
    hint = "the supply dipped: check cable and power supply"


class OutOfRange(DriverError, ValueError):
    """The value lies outside what the datasheet lets the chip measure."""

    quality = "out_of_range"
