"""Clones of the DS18B20 as Chris Petrich's survey describes them, one class a family.

github.com/cpetrich/counterfeit_DS18B20 (CC BY): initial scratchpads, and what becomes of byte 6.
"""

from typing import ClassVar

from simulators.ds18b20 import DS18B20


class FamilyB(DS18B20):
    """GXCAS and 7Q-Tek, as C and F: byte 6 never changes, so that nothing shows a conversion."""

    def _converted(self) -> bytes:
        memory = super()._converted()
        return memory[:6] + b"\x0c" + memory[7:]


class FamilyD(DS18B20):
    """Mysentech: begins with 25 °C; its reserved bytes are its own."""

    initial: ClassVar[bytes] = bytes.fromhex("90 01 55 05 7f 7e 81 66")

    def _converted(self) -> bytes:
        return super()._converted()[:5] + self.initial[5:]


class FamilyE(DS18B20):
    """Novosense: begins with what a real 85 °C looks like."""

    initial: ClassVar[bytes] = bytes.fromhex("50 05 4b 46 7f ff 10 10")


class FamilyG(DS18B20):
    """Byte 6 lies 0x10 above Maxim's own."""

    initial: ClassVar[bytes] = bytes.fromhex("50 05 55 aa 7f ff 0c 10")

    def _converted(self) -> bytes:
        memory = super()._converted()
        return memory[:6] + bytes([memory[6] + 0x10]) + memory[7:]


class WithoutReserved(DS18B20):
    """A chip whose reserved bytes are all ones, at power-on too."""

    initial: ClassVar[bytes] = bytes.fromhex("50 05 4b 46 7f ff ff ff")

    def _converted(self) -> bytes:
        return super()._converted()[:5] + b"\xff\xff\xff"
