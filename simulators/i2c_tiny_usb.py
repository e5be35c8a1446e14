"""Till Harbaum's i2c-tiny-usb in front of a simulated bus: any Linux makes /dev/i2c-N of it.

Its requests are those of the kernel's drivers/i2c/busses/i2c-tiny-usb.c. The messages of one
transaction come one by one, the first marked BEGIN and the last END.
"""

import errno
from typing import ClassVar

from smbus2 import i2c_msg

from simulators.bus import I2C_M_RD, SimulatedBus
from simulators.usb import NoResponse, Setup, Stall, UsbDevice

ECHO, FUNCTIONS, DELAY, STATUS = range(4)
TRANSFERS = range(4, 8)
BEGIN, END = 1, 2
IDLE, ACK, NAK = range(3)
# I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL: what the kernel can make of plain transfers (linux/i2c.h)
ABILITIES = 0x0EFF0009


class I2cTinyUsb(UsbDevice):
    """One I2C adapter; as on a Pi, a transaction has one read at most, as its last message."""

    vendor: ClassVar[int] = 0x0403
    product: ClassVar[int] = 0xC631
    version: ClassVar[int] = 0x0205

    def __init__(self, name: str, bus: SimulatedBus) -> None:
        super().__init__(name)
        self._bus = bus
        self._status = IDLE
        self._messages: list[i2c_msg] = []

    def vendor_request(self, setup: Setup, data: bytes) -> bytes:
        """Answer one of the adapter's requests."""
        if setup.request in TRANSFERS:
            return self._transfer(setup, data)
        answers = {
            ECHO: setup.value.to_bytes(2, "little"),
            FUNCTIONS: ABILITIES.to_bytes(4, "little"),
            DELAY: b"",
            STATUS: bytes([self._status]),
        }
        if setup.request not in answers:
            raise Stall
        return answers[setup.request]

    def _transfer(self, setup: Setup, data: bytes) -> bytes:
        """Take a message; the bus runs the transaction when it is whole."""
        if setup.request & BEGIN:
            self._messages = []
        reads, ends = setup.value & I2C_M_RD, setup.request & END
        if reads and not ends:
            raise Stall  # its bytes are due now, before the transaction is known
        message = (
            i2c_msg.read(setup.parameter, setup.length)
            if reads
            else i2c_msg.write(setup.parameter, data)
        )
        self._messages.append(message)
        self._status = self._run() if ends else ACK
        return bytes(message) if reads else b""

    def _run(self) -> int:
        messages, self._messages = self._messages, []
        try:
            self._bus.i2c_rdwr(*messages)
        except OSError as error:
            if error.errno == errno.ETIMEDOUT:
                raise NoResponse from None  # SDA is held low: the kernel gives up after 2 s
            return NAK
        return ACK
