"""A simulated I2C adapter with smbus2's interface and a BCM2835's limits.

Every call, SMBus or plain I2C, becomes transactions on the models; errors carry the errno that a
Pi's kernel gives. Faults act in between: see `simulators.faults`.
"""

import ctypes
import errno
import os
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import ClassVar, Protocol

from smbus2 import i2c_msg

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Nack, Powered, Range

BIT_SECONDS = 1 / 100_000  # standard mode
SMBUS_BLOCK = 32
I2C_M_RD = 1


class TransferFault(Protocol):
    """Something that goes wrong during a transfer; does nothing while it is not active."""

    def before(self, address: int, model: Powered) -> None:
        """Raise OSError or `Nack`, or act on the model, before a message reaches it."""
        ...

    def after(self, address: int, frame: bytes) -> bytes:
        """Return the bytes as they arrive."""
        ...


class NoChip(I2CModel):
    """An address without a chip: a stuck bus is stuck there too."""

    addresses = ()
    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def power_on(self) -> None:
        """Do nothing."""

    def write(self, data: bytes) -> None:  # noqa: ARG002
        """Raise `Nack`: there is no chip to acknowledge."""
        raise Nack

    def read(self, count: int) -> bytes:  # noqa: ARG002
        """Raise `Nack`: there is no chip to acknowledge."""
        raise Nack


class SimulatedBus:
    """The chips of one bus by address; one caller at a time, as with a real file handle."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._models: dict[int, I2CModel] = {}
        self._no_chip = NoChip(clock)
        self.faults: list[TransferFault] = []  # of the whole bus
        self._chip_faults: dict[int, list[Sequence[TransferFault]]] = {}

    def attach(self, address: int, model: I2CModel) -> None:
        """Connect a chip; raise ValueError if its address is taken."""
        if address in self._models:
            raise ValueError(f"address 0x{address:02x} is taken on this bus")
        model.address = address
        self._models[address] = model

    def add_faults(self, address: int, faults: Sequence[TransferFault]) -> None:
        """Add the faults of one address; what `faults` gains later counts too."""
        self._chip_faults.setdefault(address, []).append(faults)

    def chip(self, address: int) -> I2CModel | None:
        """Return the chip at an address, if there is one."""
        return self._models.get(address)

    def detach(self, address: int) -> I2CModel:
        """Disconnect a chip; it loses its power."""
        model = self._models.pop(address)
        model.power_on()
        return model

    def i2c_rdwr(self, *messages: i2c_msg) -> None:
        """Run one transaction; the adapter allows one read, as the last message."""
        self._check(messages)
        for message in messages:
            self._clock.advance(9 * (message.len + 1) * BIT_SECONDS)
            self._transfer(message)

    def _check(self, messages: Sequence[i2c_msg]) -> None:
        for message in messages[:-1]:
            if message.flags & I2C_M_RD:
                # i2c-bcm2835: "only one read message supported, has to be last"
                raise _os_error(errno.EOPNOTSUPP)

    def _transfer(self, message: i2c_msg) -> None:
        address = message.addr
        model, faults = self._models.get(address, self._no_chip), self._faults_at(address)
        try:
            for fault in faults:
                fault.before(address, model)
            if not message.flags & I2C_M_RD:
                model.write(bytes(message))
                return
            frame = model.read(message.len)
        except Nack:
            raise _os_error(errno.EREMOTEIO) from None
        for fault in faults:
            frame = fault.after(address, frame)
        ctypes.memmove(message.buf, frame, message.len)

    def _faults_at(self, address: int) -> Sequence[TransferFault]:
        own = self._chip_faults.get(address)
        return self.faults if own is None else [*self.faults, *chain.from_iterable(own)]

    # smbus2's SMBus calls, for scripts and for third-party drivers

    def write_quick(self, i2c_addr: int) -> None:
        """Address the chip and stop: what `i2cdetect` does."""
        self.i2c_rdwr(i2c_msg.write(i2c_addr, b""))

    def read_byte(self, i2c_addr: int) -> int:
        """Read one byte."""
        return self._read(i2c_addr, None, 1)[0]

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Write one byte."""
        self.i2c_rdwr(i2c_msg.write(i2c_addr, [value]))

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """Read one byte from a register."""
        return self._read(i2c_addr, register, 1)[0]

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write one byte to a register."""
        self.i2c_rdwr(i2c_msg.write(i2c_addr, [register, value]))

    def read_word_data(self, i2c_addr: int, register: int) -> int:
        """Read a little-endian word from a register."""
        return int.from_bytes(self._read(i2c_addr, register, 2), "little")

    def write_word_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write a little-endian word to a register."""
        self.i2c_rdwr(i2c_msg.write(i2c_addr, [register, *value.to_bytes(2, "little")]))

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Read up to 32 bytes from a register on."""
        _check_block(length)
        return list(self._read(i2c_addr, register, length))

    def write_i2c_block_data(self, i2c_addr: int, register: int, data: Sequence[int]) -> None:
        """Write up to 32 bytes from a register on."""
        _check_block(len(data))
        self.i2c_rdwr(i2c_msg.write(i2c_addr, [register, *data]))

    def close(self) -> None:
        """Do nothing: smbus2 has it."""

    def _read(self, address: int, register: int | None, count: int) -> bytes:
        answer = i2c_msg.read(address, count)
        pointer = [] if register is None else [i2c_msg.write(address, [register])]
        self.i2c_rdwr(*pointer, answer)
        return bytes(answer)


def _check_block(length: int) -> None:
    if length > SMBUS_BLOCK:
        raise ValueError(f"Desired block length over {SMBUS_BLOCK} bytes")


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
