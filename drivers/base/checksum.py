"""The checksums that sensors use, bit by bit as their datasheets draw them."""

from functools import cache

# Without a checksum, so many reads must agree: on a bad cable, two soon fail in the same bit
READS = 3


def sensirion(data: bytes) -> int:
    """CRC-8, polynomial 0x31, initial 0xFF (SHT4x datasheet §4.4: 0xBEEF → 0x92)."""
    return _crc8(data, 0x31, 0xFF)


def smbus(data: bytes) -> int:
    """CRC-8 of the SMBus, polynomial 0x07, initial 0 (MLX90614 datasheet §8.4.3)."""
    return _crc8(data, 0x07, 0)


def _crc8(data: bytes, polynomial: int, crc: int) -> int:
    after = _crcs(polynomial)
    for byte in data:
        crc = after[crc ^ byte]
    return crc


@cache
def _crcs(polynomial: int) -> bytes:
    """Return the CRC of each byte alone: to look it up takes a tenth of the time."""
    return bytes(_crc_of_byte(byte, polynomial) for byte in range(256))


def _crc_of_byte(crc: int, polynomial: int) -> int:
    for _ in range(8):
        crc = (crc << 1 ^ polynomial) & 0xFF if crc & 0x80 else crc << 1
    return crc


def dallas(data: bytes) -> int:
    """CRC-8 of 1-Wire, polynomial 0x31 reflected, initial 0 (Maxim application note 27)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


def modbus(data: bytes) -> int:
    """CRC-16 of Modbus, polynomial 0x8005 reflected, initial 0xFFFF.

    Modbus over Serial Line V1.02, appendix B: 02 07 → 02 07 41 12, the low byte first.
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
